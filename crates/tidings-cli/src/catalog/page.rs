//! The page as a whole: one file with its style, its script and no link out of it.

use data_encoding::BASE64;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest as _, Sha256};
use tidings_contract::{Catalog, Contract, Descriptor};

use super::field::fields;
use super::flow::{Flow, picture};
use super::message::article;
use super::service::{Services, services as service_cards};
use super::stream::streams;
use super::text::{Line, counted};

const STYLE: &str = include_str!("page/style.css");
const SCRIPT: &str = include_str!("page/script.js");
/// Sets the colours before anything is drawn.
const THEME: &str = include_str!("page/theme.js");

/// Number of characters of a message that are searched.
const MOST_WORDS: usize = 2000;

/// The page of a catalog.
pub(super) fn html(title: &str, catalog: &Catalog, services: &Services<'_>) -> String {
    let names = by_name(catalog);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content=(policy());
                meta name="color-scheme" content="light dark";
                // None, so that no browser asks for one.
                link rel="icon" href="data:,";
                title { (Line(title)) " – messages" }
                style { (PreEscaped(STYLE)) }
                script { (PreEscaped(THEME)) }
            }
            body {
                a.skip href="#content" { "Skip to the content" }
                header.top {
                    a.brand href="#overview" { (Line(title)) }
                    div.search {
                        input #search type="search" placeholder="Search messages, fields, subjects" aria-label="Search" aria-controls="messages" autocomplete="off" spellcheck="false";
                        kbd aria-hidden="true" { "/" }
                    }
                    button #theme type="button" aria-label="Switch between light and dark" title="Light or dark" { "◐" }
                }
                div.columns {
                    nav.side aria-label="Messages" {
                        p.count #found role="status" { (counted(names.len(), "message")) }
                        div #messages { (list(&names, services)) }
                        p.quiet.hint { kbd { "/" } " search " kbd { "↑" } kbd { "↓" } " choose " kbd { "Enter" } " open " kbd { "Esc" } " back" }
                    }
                    main #content {
                        (overview(title, catalog, services, names.len()))
                        @for versions in &names { (article(catalog, services, versions)) }
                    }
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    page.into_string()
}

/// Content security policy: nothing is fetched, and nothing runs but the scripts of the page
/// itself, by their digests.
fn policy() -> String {
    let digest = |text: &str| format!("'sha256-{}'", BASE64.encode(&Sha256::digest(text)));
    format!(
        "default-src 'none'; style-src {}; script-src {} {}; img-src data:; base-uri 'none'; form-action 'none'",
        digest(STYLE),
        digest(THEME),
        digest(SCRIPT),
    )
}

/// The versions of each name, lowest first.
fn by_name(catalog: &Catalog) -> Vec<Vec<&Descriptor>> {
    let mut names: Vec<Vec<&Descriptor>> = Vec::new();
    for message in catalog.iter() {
        match names.last_mut() {
            Some(same) if same.iter().all(|one| one.name == message.name) => same.push(message),
            _ => names.push(vec![message]),
        }
    }
    names
}

/// The list at the side, under the first tokens of the names.
fn list(names: &[Vec<&Descriptor>], services: &Services<'_>) -> Markup {
    let first = |versions: &[&Descriptor]| {
        versions.first().and_then(|one| one.name.split('.').next()).unwrap_or_default().to_owned()
    };
    html! {
        @for group in names.chunk_by(|one, other| first(one) == first(other)) {
            section {
                h2 { (Line(&group.first().map(|versions| first(versions)).unwrap_or_default())) }
                ul {
                    @for versions in group {
                        @if let Some(latest) = versions.last() {
                            li data-words=(Line(&words(versions, services))) {
                                a href={ "#message-" (latest.name) } {
                                    span.name { (Line(&latest.name)) }
                                    @if latest.version > 1 { span.version { "v" (latest.version) } }
                                    @if latest.kind == tidings_contract::Kind::Request { span.mark title="request" { "?" } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Text by which a message is found, in lower case.
fn words(versions: &[&Descriptor], services: &Services<'_>) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut add = |text: &str| {
        let text = text.to_lowercase();
        if !words.contains(&text) {
            words.push(text);
        }
    };
    for message in versions.iter().rev() {
        add(&message.name);
        add(&message.kind.to_string());
        add(&message.subject);
        add(message.stream.as_deref().unwrap_or_default());
        if let Some(large) = &message.large {
            add("large");
            add(&large.store);
        }
        services.senders(message).for_each(&mut add);
        for (service, handled) in services.handlers(message) {
            add(service);
            let consumers = handled.iter().filter_map(|one| one.consumer.as_ref());
            consumers.for_each(|consumer| add(&consumer.name));
        }
        add(message.description().unwrap_or_default());
        let contracts: [&Option<Contract>; 3] = [&message.payload, &message.reply, &message.error];
        for contract in contracts.into_iter().flatten() {
            fields(contract).0.iter().for_each(|field| add(&field.name));
        }
    }
    words.join(" ").chars().take(MOST_WORDS).collect()
}

fn overview(title: &str, catalog: &Catalog, services: &Services<'_>, names: usize) -> Markup {
    let versions = catalog.len();
    let requests = catalog.iter().filter(|one| one.kind == tidings_contract::Kind::Request).count();
    let flow = Flow::of(catalog, services);
    html! {
        section.overview #overview tabindex="-1" aria-label="Overview" {
            h1 { (Line(title)) }
            p.lead {
                (counted(names, "message"))
                @if versions > names { " in " (counted(versions, "version")) }
                @if requests > 0 { ", " (counted(requests, "request")) " among them" }
                ", " (counted(catalog.streams().len(), "stream"))
                @if !services.is_empty() { ", " (counted(services.len(), "service")) }
                "."
            }
            @if catalog.is_empty() {
                p { "The folder holds no message." }
            } @else {
                h2 { "Flow" }
                @if flow.is_grouped { p.quiet { "Messages that go the same way are drawn as one." } }
                div.canvas tabindex="0" role="region" aria-label="Picture of the flow" { (picture(&flow)) }
            }
            @if catalog.streams().len() > 0 {
                h2 { "Streams" }
                div.cards { (streams(catalog)) }
            }
            @if !services.is_empty() {
                h2 { "Services" }
                div.cards { (service_cards(catalog, services)) }
            }
        }
    }
}
