//! Formats of texts, as far as they are known by name.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Returns `true` if a text has a format, to serde or to a schema; `None` if that is not known here.
pub(crate) fn is_met(format: &str, text: &str, as_serde: bool) -> Option<bool> {
    Some(match format {
        "uuid" if as_serde => is_uuid(text),
        "uuid" => is_hyphenated(text),
        "date-time" => is_moment(text),
        "date" => is_date(text),
        // A second may be inserted at the end of a year, whatever day that is there.
        "time" => {
            ["2016-12-31", "2017-01-01"].iter().any(|day| is_moment(&format!("{day}T{text}")))
        }
        "ipv4" => text.parse::<std::net::Ipv4Addr>().is_ok(),
        "ipv6" => text.parse::<std::net::Ipv6Addr>().is_ok(),
        "ip" => text.parse::<std::net::IpAddr>().is_ok(),
        "email" => return is_email(text),
        _ => return None,
    })
}

/// Returns `true` if there may be a type that reads texts of this format and refuses others: all but
/// those that are notes on a text.
pub(crate) fn is_a_type(format: &str) -> bool {
    const NOTES: [&str; 11] = [
        "binary",
        "byte",
        "double",
        "email",
        "float",
        "hostname",
        "html",
        "idn-email",
        "idn-hostname",
        "markdown",
        "password",
    ];
    !NOTES.contains(&format)
}

/// Returns `true` if every text of one format is one of the other.
pub(crate) fn is_within(one: &str, other: &str) -> bool {
    one == other || other == "ip" && matches!(one, "ipv4" | "ipv6")
}

/// Texts of a format that is known here.
pub(crate) fn examples(format: &str) -> &'static [&'static str] {
    match format {
        "uuid" => &["0191b3a0-7c1e-7b3a-9c5d-2f4e6a8b0c1d"],
        "date-time" => &["2026-01-31T12:30:00Z"],
        "date" => &["2026-01-31"],
        "time" => &["12:30:00Z"],
        "ipv4" => &["192.0.2.1"],
        "ip" => &["192.0.2.1", "2001:db8::1"],
        "ipv6" => &["2001:db8::1"],
        "email" => &["a@example.com"],
        _ => &[],
    }
}

/// Returns `true` if the type `Uuid` reads it: with or without hyphens, in braces, as a URN.
fn is_uuid(text: &str) -> bool {
    let text = text.strip_prefix("urn:uuid:").unwrap_or(text);
    let text = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).unwrap_or(text);
    text.len() == 32 && is_hexadecimal(text) || is_hyphenated(text)
}

fn is_hyphenated(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12])
        && parts.iter().all(|part| is_hexadecimal(part))
}

fn is_hexadecimal(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Returns `true` for an address in plain words, `false` for what is none; `None` for one with a quoted part or an
/// address of a host in numbers.
fn is_email(text: &str) -> Option<bool> {
    let Some((who, host)) = text.split_once('@') else { return Some(false) };
    if !text.is_ascii() || text.contains(['"', '[', '\\', '(']) {
        return None;
    }
    let is_letter = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c);
    let is_atom = |word: &str| !word.is_empty() && word.chars().all(is_letter);
    let is_label = |word: &str| {
        let is_letter = |c: char| c.is_ascii_alphanumeric();
        word.starts_with(is_letter)
            && word.ends_with(is_letter)
            && word.chars().all(|c| is_letter(c) || c == '-')
    };
    Some(who.split('.').all(is_atom) && host.split('.').all(is_label))
}

fn is_date(text: &str) -> bool {
    is_moment(&format!("{text}T00:00:00Z"))
}

fn is_moment(text: &str) -> bool {
    OffsetDateTime::parse(text, &Rfc3339).is_ok()
}
