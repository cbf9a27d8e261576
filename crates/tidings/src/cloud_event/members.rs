//! Members of a JSON object, each as the text that it is.

/// Names and values of an object as they stand in `text`, which is JSON; `None` if it is no object.
pub(super) fn members(text: &str) -> Option<Vec<(&str, &str)>> {
    let bytes = text.as_bytes();
    let mut at = skip(bytes, 0);
    if bytes.get(at) != Some(&b'{') {
        return None;
    }
    let mut members = Vec::new();
    at = skip(bytes, at + 1);
    while *bytes.get(at)? != b'}' {
        let end = string_end(bytes, at)?;
        let name = text.get(at..end)?;
        let begin = skip(bytes, end);
        at = value_end(bytes, begin)?;
        members.push((name, text.get(begin..at)?));
        at = skip(bytes, at);
    }
    Some(members)
}

/// Goes over what separates.
fn skip(bytes: &[u8], from: usize) -> usize {
    let separates = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b',' | b':');
    from + bytes.iter().skip(from).take_while(separates).count()
}

fn string_end(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from + 1;
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

fn value_end(bytes: &[u8], from: usize) -> Option<usize> {
    let (mut at, mut depth) = (from, 0_usize);
    loop {
        match bytes.get(at)? {
            b'"' => at = string_end(bytes, at)?,
            b'{' | b'[' => {
                depth += 1;
                at += 1;
                continue;
            }
            b'}' | b']' => {
                depth = depth.checked_sub(1)?;
                at += 1;
            }
            b' ' | b'\t' | b'\r' | b'\n' | b',' | b':' => {
                at += 1;
                continue;
            }
            _ => {
                let ends =
                    |byte: &&u8| !matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n');
                at += bytes.iter().skip(at).take_while(ends).count();
            }
        }
        if depth == 0 {
            return Some(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::members;

    #[test]
    fn each_member_is_the_text_that_it_is() {
        let text =
            r#" { "a" : {"b\"}": [1, {"c": "]"}]}, "d":1.50 ,"e":"x\\", "f" : [ ] , "g":null} "#;
        let expected = [
            ("\"a\"", r#"{"b\"}": [1, {"c": "]"}]}"#),
            ("\"d\"", "1.50"),
            ("\"e\"", r#""x\\""#),
            ("\"f\"", "[ ]"),
            ("\"g\"", "null"),
        ];
        assert_eq!(members(text).unwrap(), expected);
        assert_eq!(members("{}").unwrap(), []);
        for other in ["[]", "7", "\"{}\"", "null", "", "{", "{\"a", "{\"a\":", "{\"a\":[}"] {
            assert_eq!(members(other), None, "{other}");
        }
    }
}
