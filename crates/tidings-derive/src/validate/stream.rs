//! Streams.

use syn::{Data, DeriveInput, Fields, LitStr};
use tidings_subject::{check_bucket_name, check_filter, check_stream_name, overlaps};

use crate::attr::Keyed;
use crate::attr::source::Source;
use crate::attr::stream::{Setting, StreamAttrs};
use crate::error::Errors;
use crate::model::{Item, Stream, large_store_of};

/// Nanoseconds in a millisecond.
const MILLISECOND: u64 = 1_000_000;

/// Checks a stream.
pub(crate) fn validate<'a>(
    input: &'a DeriveInput,
    attrs: &'a StreamAttrs,
    errors: &mut Errors,
) -> Option<Stream<'a>> {
    let is_unit = matches!(&input.data, Data::Struct(data) if matches!(data.fields, Fields::Unit));
    if !is_unit || !input.generics.params.is_empty() {
        let ident = &input.ident;
        errors.at(
            ident.span(),
            format!("a stream is declared on a struct without fields: `struct {ident};`"),
        );
    }
    if attrs.given.lacks("name") {
        errors.at(
            input.ident.span(),
            format!(
                "`{}` needs a name: `#[stream(name = \"{}\", subjects(\"…\"))]`",
                input.ident,
                input.ident.to_string().to_uppercase(),
            ),
        );
    }
    if let Some(name) = &attrs.name
        && let Err(error) = check_stream_name(&name.value())
    {
        errors.at(name.span(), format!("{:?} {error}", name.value()));
    }
    subjects(input, attrs, errors);
    for (field, setting) in &attrs.settings {
        check_setting(field.key.name, setting, errors);
    }
    contradictions(attrs, errors);
    large_store(attrs, errors);
    Some(Stream {
        item: Item::of(input, attrs.krate.as_ref()),
        name: attrs.name.as_ref()?,
        subjects: attrs.subjects.as_ref().map_or(&[], |subjects| &subjects.value),
        description: attrs.description.as_deref(),
        attrs,
    })
}

/// Checks the store of large events: what its name is by default, too.
fn large_store(attrs: &StreamAttrs, errors: &mut Errors) {
    let Some(Keyed { key, value: store }) = &attrs.large_store else { return };
    match (&store.name, &attrs.name) {
        (Some(name), _) => {
            if let Err(problem) = check_bucket_name(&name.value()) {
                errors.at(name.span(), format!("{:?} can't name an object store: it {problem}", name.value()));
            }
        }
        (None, Some(stream)) if check_bucket_name(&large_store_of(stream)).is_err() => errors.at(
            *key,
            format!(
                "an object store can't be named after the stream {:?}: give it a name of A-Z, a-z, 0-9, \
                 `-` and `_`, as `large_store = \"orders-large\"`",
                stream.value()
            ),
        ),
        _ => {}
    }
    let Some(age) = &store.max_age else { return };
    if age.value < 100 * MILLISECOND {
        errors.at(age.key, "the server takes no `max_age` under \"100ms\"");
    } else if attrs.duration("max_age").is_none_or(|stream| stream.value > age.value) {
        errors.at(
            age.key,
            "events would outlive their objects: the `max_age` of a `large_store` is at least that of the \
             stream",
        );
    }
}

fn subjects(input: &DeriveInput, attrs: &StreamAttrs, errors: &mut Errors) {
    let given = attrs.subjects.as_ref().map_or(&[][..], |subjects| &subjects.value);
    let mut known: Vec<(&LitStr, String)> = Vec::new();
    for subject in given {
        let text = subject.value();
        if !filter(subject, errors) {
            continue;
        }
        if let Some((_, other)) = known.iter().find(|(_, other)| overlaps(other, &text)) {
            errors.at(
                subject.span(),
                format!("`{text}` overlaps `{other}`: a stream keeps a message once"),
            );
        }
        known.push((subject, text));
    }
    let mirror = attrs.get("mirror");
    match &attrs.subjects {
        Some(subjects) if mirror.is_some() && !subjects.value.is_empty() => errors.at(
            subjects.key,
            "a mirror has the subjects of the stream it copies, and none of its own",
        ),
        // A stream without a name has one error already.
        _ if attrs.given.has("name")
            && given.is_empty()
            && (!attrs.given.has("subjects") || attrs.subjects.is_some())
            && !attrs.given.has("mirror")
            && !attrs.given.has("source") =>
        {
            let span = attrs.subjects.as_ref().map_or(input.ident.span(), |subjects| subjects.key);
            errors.at(
                span,
                format!(
                    "`{}` keeps nothing: give it `subjects(\"orders.>\")`, a `mirror(…)` or a \
                     `source(…)`",
                    input.ident
                ),
            );
        }
        _ => {}
    }
}

/// Checks a filter, and says whether it is one.
fn filter(filter: &LitStr, errors: &mut Errors) -> bool {
    let text = filter.value();
    let checked = check_filter(&text);
    if let Err(error) = checked {
        errors.at(filter.span(), format!("`{text}` {error}"));
    }
    checked.is_ok()
}

/// Checks one setting by itself.
fn check_setting(key: &str, setting: &Keyed<Setting>, errors: &mut Errors) {
    let at = setting.key;
    match &setting.value {
        Setting::Number(replicas) if key == "replicas" && !(1..=5).contains(replicas) => {
            errors.at(at, format!("a stream has 1 to 5 replicas, not {replicas}"));
        }
        Setting::Number(0) | Setting::Duration(0) if key != "replicas" => {
            errors.at(
                at,
                format!("`{key}` is nothing: leave it out for what the server does by itself"),
            );
        }
        Setting::Duration(nanoseconds)
            if matches!(key, "max_age" | "duplicate_window")
                && *nanoseconds < 100 * MILLISECOND =>
        {
            errors.at(at, format!("the server takes no `{key}` under \"100ms\""));
        }
        Setting::Duration(nanoseconds)
            if key == "subject_delete_marker_ttl" && *nanoseconds < 1_000 * MILLISECOND =>
        {
            errors.at(at, format!("the server takes no `{key}` under \"1s\""));
        }
        Setting::Source(source) => check_source(source, errors),
        Setting::Transform(transform) => {
            filter(&transform.source, errors);
        }
        Setting::Republish(republish) => {
            filter(&republish.source, errors);
        }
        Setting::Metadata(pairs) => {
            for (position, (key, value)) in pairs.iter().enumerate() {
                if pairs[..position].iter().any(|(other, _)| other == key) {
                    errors.at(value.span(), format!("`{key}` is given twice"));
                }
            }
        }
        _ => {}
    }
}

fn check_source(source: &Source, errors: &mut Errors) {
    if let Err(error) = check_stream_name(&source.name.value()) {
        errors.at(source.name.span(), format!("{:?} {error}", source.name.value()));
    }
    if let (Some(_), Some(time)) = (&source.start_sequence, &source.start_time) {
        errors.at(time.key, "it starts at a sequence or at a time, not at both");
    }
    if let Some(subject) = &source.filter_subject {
        filter(&subject.value, errors);
        if !source.transforms.is_empty() {
            errors.at(
                subject.key,
                "a `filter_subject` and a `subject_transform` both choose subjects: the \
                 transform's `source` is enough",
            );
        }
    }
    for transform in &source.transforms {
        filter(&transform.source, errors);
    }
}

/// Checks what does not go together.
fn contradictions(attrs: &StreamAttrs, errors: &mut Errors) {
    if let Some(at) = attrs.on("discard_new_per_subject") {
        if attrs.word("discard") != Some("New") {
            errors.at(at, "`discard_new_per_subject` goes with `discard = \"new\"`");
        } else if attrs.get("max_messages_per_subject").is_none() {
            errors.at(at, "`discard_new_per_subject` goes with `max_messages_per_subject`");
        }
    }
    if let (Some(window), Some(age)) =
        (attrs.duration("duplicate_window"), attrs.duration("max_age"))
        && window.value > age.value
    {
        errors.at(
            window.key,
            "the duplicate window is longer than `max_age`: no message lives to be known again",
        );
    }
    let excluded = [
        ("source", "mirror", "a stream is a mirror or gathers sources, not both"),
        (
            "subject_transform",
            "mirror",
            "a mirror keeps messages as they are: `subject_transform` goes in `mirror(…)`",
        ),
        ("first_sequence", "mirror", "a mirror has the sequences of the stream it copies"),
    ];
    for (key, with, why) in excluded {
        if let (Some(setting), Some(_)) = (attrs.get(key), attrs.get(with)) {
            errors.at(setting.key, why);
        }
    }
    if let (Some(at), None) = (attrs.on("mirror_direct"), attrs.get("mirror")) {
        errors.at(at, "`mirror_direct` is for the reads of a `mirror(…)`");
    }
    if let Some(at) = attrs.on("allow_message_schedules")
        && attrs.word("retention") == Some("Interest")
    {
        errors.at(
            at,
            "a stream that keeps by interest drops what waits (nats-server 2.15): use another \
             `retention`",
        );
    }
    if let (Some(at), Some(_)) = (attrs.on("allow_rollup"), attrs.on("deny_purge")) {
        errors.at(at, "a rollup purges, and `deny_purge` refuses that");
    }
    if let (Some(marker), None) =
        (attrs.get("subject_delete_marker_ttl"), attrs.on("allow_message_ttl"))
    {
        errors.at(marker.key, "a delete marker has a time to live: add `allow_message_ttl`");
    }
    if attrs.word("persistence") == Some("Async")
        && let Some(persistence) = attrs.get("persistence")
    {
        if matches!(attrs.get("replicas"), Some(Keyed { value: Setting::Number(2..), .. })) {
            errors.at(persistence.key, "only a stream with one replica can persist asynchronously");
        }
        if let Some(at) = attrs.on("allow_atomic_publish") {
            errors.at(at, "a batch that is all or nothing can't be persisted asynchronously");
        }
    }
    if let Some(at) = attrs.on("allow_message_counter") {
        if attrs.word("discard") == Some("New") {
            errors.at(at, "a counter can't be refused: leave out `discard = \"new\"`");
        }
        if attrs.on("allow_message_ttl").is_some() {
            errors.at(at, "a counter does not expire: leave out `allow_message_ttl`");
        }
        if attrs.word("retention").is_some_and(|retention| retention != "Limits") {
            errors.at(at, "a counter is kept: use `retention = \"limits\"`");
        }
    }
}
