//! A digest of what a message says: equal for equal messages, in every build and on every platform.

use sha2::{Digest as _, Sha256};

/// The first half of a SHA-256: no two messages of one handler's share it by chance.
pub(crate) type Digest = [u8; 16];

/// The digest of a message of this wire name, on this subject and with this JSON. The order in which
/// an object's keys are written makes no difference: a hash map has another one in each run.
pub(crate) fn digest(name: &str, subject: &str, json: &[u8]) -> Digest {
    let mut sha = Sha256::new();
    for part in [name.as_bytes(), subject.as_bytes(), &canonical(json)] {
        sha.update((part.len() as u64).to_be_bytes());
        sha.update(part);
    }
    let mut digest = Digest::default();
    for (to, from) in digest.iter_mut().zip(sha.finalize()) {
        *to = from;
    }
    digest
}

/// Writes the JSON with the members of each object in the order of their bytes. Its numbers and
/// texts are not read, and so stay apart where a reader would round them; nor does it nest in
/// calls.
fn canonical(json: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(json.len());
    // Where the members of each open object begin; `None` for an array.
    let mut open: Vec<Option<Vec<usize>>> = Vec::new();
    let (mut in_text, mut escaped) = (false, false);
    for &byte in json {
        if in_text {
            text.push(byte);
            in_text = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
            continue;
        }
        match byte {
            b'}' => {
                if let Some(Some(members)) = open.pop() {
                    sort(&mut text, &members);
                }
            }
            b']' => {
                open.pop();
            }
            _ => {}
        }
        text.push(byte);
        match byte {
            b'"' => in_text = true,
            b'{' => open.push(Some(vec![text.len()])),
            b'[' => open.push(None),
            b',' => {
                if let Some(Some(members)) = open.last_mut() {
                    members.push(text.len());
                }
            }
            _ => {}
        }
    }
    text
}

/// Sorts the members of the object that ends here, each of which begins at one of these places.
fn sort(text: &mut Vec<u8>, members: &[usize]) {
    let Some(&first) = members.first() else { return };
    let body = text.split_off(first);
    let ends = members.iter().skip(1).map(|next| next - 1).chain([first + body.len()]);
    let mut parts: Vec<&[u8]> =
        members.iter().zip(ends).map(|(begin, end)| &body[begin - first..end - first]).collect();
    parts.sort_unstable();
    text.extend_from_slice(&parts.join(&b','));
}

#[cfg(test)]
mod tests {
    use super::{canonical, digest};

    #[test]
    fn the_order_of_keys_makes_no_difference() {
        let sorted = |json: &str| String::from_utf8(canonical(json.as_bytes())).unwrap();
        for (json, expected) in [
            ("{}", "{}"),
            ("7", "7"),
            (r#"{"b":1,"a":2}"#, r#"{"a":2,"b":1}"#),
            (r#"{"b":[3,1,{"y":0,"x":0}],"a":{}}"#, r#"{"a":{},"b":[3,1,{"x":0,"y":0}]}"#),
            (r#"{"b":"},{\",","a\\":"\\"}"#, r#"{"a\\":"\\","b":"},{\","}"#),
            (r#"[{"b":1,"a":1},{"a":0}]"#, r#"[{"a":1,"b":1},{"a":0}]"#),
        ] {
            assert_eq!(sorted(json), expected);
            assert_eq!(sorted(expected), expected);
        }
    }

    #[test]
    fn deep_json_takes_no_stack() {
        let deep = [r#"{"a":["#.repeat(10_000), "]}".repeat(10_000)].concat();
        assert_eq!(canonical(deep.as_bytes()), deep.as_bytes());
    }

    #[test]
    fn whatever_differs_has_another_digest() {
        let known = digest("orders.paid", "orders.7.paid", br#"{"total":7}"#);
        // Written down, since ids made by an earlier build must be made again by a later one.
        let expected = "gSy_DpBfQAe6lIWO3brgYg";
        let text = data_encoding::BASE64URL_NOPAD.encode(&known);
        for (name, subject, json) in [
            ("orders.pai", "dorders.7.paid", r#"{"total":7}"#),
            ("orders.paid", "orders.8.paid", r#"{"total":7}"#),
            ("orders.paid", "orders.7.paid", r#"{"total":8}"#),
            ("orders.paid", "orders.7.paid", r#"{"total":"7"}"#),
            ("orders.paid", "orders.7.paid", r#"{"total":[7]}"#),
            ("orders.paid", "orders.7.paid", r#"{"total":7.00}"#),
        ] {
            assert_ne!(digest(name, subject, json.as_bytes()), known, "{subject} {json}");
        }
        assert_eq!(text, expected);
    }
}
