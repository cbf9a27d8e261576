//! Formats of texts, as far as they are known by name.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Returns `true` if a text has a format; `None` if the format is not known here.
pub(crate) fn is_met(format: &str, text: &str) -> Option<bool> {
    Some(match format {
        "uuid" => is_uuid(text),
        "date-time" => OffsetDateTime::parse(text, &Rfc3339).is_ok(),
        "date" => is_date(text),
        "time" => OffsetDateTime::parse(&format!("2000-01-01T{text}"), &Rfc3339).is_ok(),
        "ipv4" => text.parse::<std::net::Ipv4Addr>().is_ok(),
        "ipv6" => text.parse::<std::net::Ipv6Addr>().is_ok(),
        "ip" => text.parse::<std::net::IpAddr>().is_ok(),
        "email" => text.split_once('@').is_some_and(|(who, host)| {
            !who.is_empty() && !host.is_empty() && !host.contains('@') && !text.contains(' ')
        }),
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
    let hexadecimal = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    match text.len() {
        32 => hexadecimal(text),
        36 => {
            let parts: Vec<&str> = text.split('-').collect();
            parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12])
                && parts.iter().all(|part| hexadecimal(part))
        }
        _ => false,
    }
}

fn is_date(text: &str) -> bool {
    OffsetDateTime::parse(&format!("{text}T00:00:00Z"), &Rfc3339).is_ok()
}
