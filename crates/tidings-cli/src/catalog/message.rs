//! Page of one message, with all its versions.

use maud::{Markup, html};
use tidings_contract::{Catalog, Contract, Descriptor, Kind, LargePayload};

use super::change::Step;
use super::example::{Origin, example};
use super::field::{Field, Presence, fields};
use super::instance::Json;
use super::service::{self, Services};
use super::text::{Line, Prose, size, spans};

/// The article of the messages of one name, given lowest version first.
pub(super) fn article(
    catalog: &Catalog,
    services: &Services<'_>,
    versions: &[&Descriptor],
) -> Markup {
    let Some((latest, earlier)) = versions.split_last() else { return html! {} };
    html! {
        article.message id={ "message-" (latest.name) } tabindex="-1" aria-label=(latest.name) {
            h1 { (Line(&latest.name)) " " span.version { "v" (latest.version) } " " span.kind.(latest.kind) { (latest.kind) } }
            (version(catalog, services, latest))
            @if versions.len() > 1 {
                section.versions {
                    h2 { "What changed" }
                    @for pair in versions.windows(2).rev() {
                        @if let [older, newer] = pair && let Some(step) = Step::between(older, newer) { (step) }
                    }
                }
                section.earlier {
                    h2 { "Earlier versions" }
                    @for one in earlier.iter().rev() {
                        details {
                            summary { "v" (one.version) " " code { (Line(&one.subject)) } }
                            (version(catalog, services, one))
                        }
                    }
                }
            }
        }
    }
}

fn version(catalog: &Catalog, services: &Services<'_>, message: &Descriptor) -> Markup {
    html! {
        @if let Some(text) = message.description() { div.lead { (Prose(text)) } }
        dl.pairs {
            div { dt { "Subject" } dd { (subject(&message.subject)) } }
            @if message.filter() != message.subject {
                div { dt { "Filter" } dd { code { (Line(&message.filter())) } } }
            }
            div {
                dt { "Stream" }
                dd {
                    @if let Some(stream) = &message.stream {
                        a href={ "#stream-" (Line(stream)) } { (Line(stream)) }
                    } @else if message.kind == Kind::Request { "none: asked and answered" }
                    @else { "none: delivered at most once" }
                }
            }
            @if !message.id.is_empty() {
                div {
                    dt { "Identity" }
                    dd {
                        @for (at, field) in message.id.iter().enumerate() {
                            @if at > 0 { ", " }
                            code { (Line(field)) }
                        }
                        @if message.stream.is_some() { ": of two with the same, the stream keeps one" }
                    }
                }
            }
            @if let Some(large) = &message.large { (large_payload(catalog, large)) }
            @if message.tagged { div { dt { "Header" } dd { "always says which message it is" } } }
            @let chain: Vec<&str> = catalog.upcast_to(message).collect();
            @if !chain.is_empty() {
                div {
                    dt { "Upcast from" }
                    dd.chain { @for tag in chain { span { "← " code { (Line(tag)) } " " } } }
                }
            }
        }
        (people(services, message))
        @if let Some(payload) = &message.payload { (contract(&message.tag(), "Payload", payload)) }
        @if let Some(reply) = &message.reply { (contract(&message.tag(), "Reply", reply)) }
        @if let Some(error) = &message.error { (contract(&message.tag(), "Error", error)) }
    }
}

/// Place of a payload that is too large for a message.
fn large_payload(catalog: &Catalog, large: &LargePayload) -> Markup {
    let stream = format!("OBJ_{}", large.store);
    let is_here = catalog.streams().any(|(name, _)| name == stream);
    html! {
        div {
            dt { "Large" }
            dd {
                @match large.over {
                    Some(over) => { "a payload over " (size(over)) },
                    None => "a payload that no message holds",
                }
                " stands in the object store "
                @if is_here { a href={ "#stream-" (Line(&stream)) } { (Line(&large.store)) } }
                @else { code { (Line(&large.store)) } }
            }
        }
    }
}

/// Senders of a message, and its receivers with the way that it takes to them.
fn people(services: &Services<'_>, message: &Descriptor) -> Markup {
    let (sent, taken) = match message.kind {
        Kind::Request => ("Asked by", "Answered by"),
        _ => ("Published by", "Handled by"),
    };
    let senders: Vec<&str> = services.senders(message).collect();
    let mut handlers = services.handlers(message).peekable();
    html! {
        dl.pairs.people {
            @if !senders.is_empty() {
                div { dt { (sent) } dd { @for name in senders { (service::link(name)) " " } } }
            }
            @if handlers.peek().is_some() {
                div {
                    dt { (taken) }
                    dd {
                        @for (name, handled) in handlers {
                            div.handler {
                                (service::link(name))
                                @for one in handled { (service::way(message, one)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A template with its tokens told apart.
fn subject(template: &str) -> Markup {
    html! {
        code.subject {
            @for (at, token) in template.split('.').enumerate() {
                @if at > 0 { "." }
                @if token.starts_with('{') { span.token { (Line(token)) } } @else { (Line(token)) }
            }
        }
    }
}

fn contract(tag: &str, part: &str, contract: &Contract) -> Markup {
    let (rows, cut) = fields(contract);
    let described = rows.iter().any(|field| field.description.is_some());
    let title = contract.read().get("title").and_then(serde_json::Value::as_str);
    html! {
        section.contract {
            h2 { (part) @if let Some(title) = title { " " span.type { (Line(title)) } } }
            @if part != "Payload" && let Some(text) = contract.read().get("description").and_then(serde_json::Value::as_str) {
                p { (spans(text)) }
            }
            div.sides {
                div.table tabindex="0" role="region" aria-label={ "Fields of the " (part.to_lowercase()) " of " (tag) } {
                    table {
                        thead { tr { th scope="col" { "Field" } th scope="col" { "Type" } @if described { th scope="col" { "Description" } } } }
                        tbody { @for field in &rows { (row(field, described)) } }
                    }
                    @if cut { p.quiet { "There are more: the schema in the folder has all." } }
                }
                (instance(contract))
            }
        }
    }
}

fn row(field: &Field, described: bool) -> Markup {
    let depth = format!("d{}", field.depth.min(8));
    let description = field.description.as_deref().unwrap_or_default();
    if field.presence == Presence::Heading {
        return html! {
            tr.heading { th scope="row" colspan="2" class=(depth) { (Line(&field.name)) } @if described { td { (spans(description)) } } }
        };
    }
    html! {
        tr {
            th scope="row" class=(depth) {
                code { (Line(&field.name)) }
                @match field.presence {
                    Presence::Required => span.presence.required { "required" },
                    Presence::Written => span.presence title="A reader does without it, a writer always gives it." { "always written" },
                    _ => span.presence { "optional" },
                }
            }
            td.what {
                (Line(&field.kind))
                @for one in &field.constraints { span.limit { (Line(one)) } }
            }
            @if described { td { (spans(description)) } }
        }
    }
}

fn instance(contract: &Contract) -> Markup {
    let example = example(contract);
    html! {
        figure {
            figcaption {
                @match example.origin { Origin::Declared => "Example", Origin::Made => "Example, made from the schema" }
                @if !example.is_valid { " " span.badge.unsure { "not valid by the schema" } }
            }
            pre tabindex="0" { code { (Json(&example.value)) } }
        }
    }
}
