//! URIs and URI-references (RFC 3986), told from other texts.

/// Returns `true` for a URI, or a reference relative to one; the empty one is none here.
pub(super) fn is_reference(text: &str) -> bool {
    !text.is_empty() && parts(text).is_some()
}

/// Returns `true` for a URI with a scheme.
pub(super) fn is_absolute(text: &str) -> bool {
    parts(text).is_some_and(|scheme| scheme.is_some())
}

/// The scheme of a URI-reference, if it has one; `None` if it is no URI-reference.
#[expect(clippy::option_option, reason = "it is looked at here alone")]
fn parts(text: &str) -> Option<Option<&str>> {
    let (rest, fragment) = text.split_once('#').unwrap_or((text, ""));
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let first = rest.split('/').next().unwrap_or_default();
    let (scheme, rest) = match first.split_once(':') {
        Some((scheme, _)) => (Some(scheme), &rest[scheme.len() + 1..]),
        None => (None, rest),
    };
    let (authority, path) = match rest.strip_prefix("//") {
        Some(rest) => rest.split_at(rest.find('/').unwrap_or(rest.len())),
        None => ("", rest),
    };
    let is = scheme.is_none_or(is_scheme)
        && are_written(authority, "[]:@")
        && are_written(path, ":@/")
        && are_written(query, ":@/?")
        && are_written(fragment, ":@/?");
    is.then_some(scheme)
}

fn is_scheme(text: &str) -> bool {
    let is = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    text.starts_with(|first: char| first.is_ascii_alphabetic()) && text.bytes().all(is)
}

/// Returns `true` if each character may stand there: `also` beside those that may everywhere.
fn are_written(text: &str, also: &str) -> bool {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let is = match byte {
            b'%' => {
                let mut hex = || bytes.next().is_some_and(|digit| digit.is_ascii_hexdigit());
                hex() && hex()
            }
            _ => {
                byte.is_ascii_alphanumeric()
                    || b"-._~!$&'()*+,;=".contains(&byte)
                    || also.as_bytes().contains(&byte)
            }
        };
        if !is {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_and_references() {
        let uris = [
            "https://github.com/cloudevents",
            "mailto:cncf-wg-serverless@lists.cncf.io",
            "urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66",
            "http://[::1]:80/a?b=/?#c?",
            "a+b:",
        ];
        assert!(uris.into_iter().all(|uri| is_reference(uri) && is_absolute(uri)));
        let relative = [
            "cloudevents/spec/pull/123",
            "/sensors/tn-1234567/alerts",
            "1-555-123-4567",
            "#x",
            "a%20b",
            "//x",
        ];
        assert!(relative.into_iter().all(|uri| is_reference(uri) && !is_absolute(uri)));
        let none = [
            "", "a b", "é", "a%2", "a%zz", "1:2", ":x", "a#b#c", "a[b]", "<x>", "a\nb", "\"",
            "a\\b",
        ];
        for none in none {
            assert!(!is_reference(none), "{none:?}");
        }
    }
}
