//! Path to the value at a position of a JSON text.

use std::fmt::Write as _;

/// The most steps of a path that are shown: the last ones.
const MOST_STEPS: usize = 12;

/// One container that is open at the place, and where in it.
enum Step<'a> {
    /// An object, and its key if there was one since the last comma.
    Key(Option<&'a str>),
    /// An array, and the place in it.
    Index(usize),
}

/// The path of the value that is read at, or ends at, a place that serde tells: both count from 1, the
/// column in bytes. `None` if that is the whole text, or serde tells no place.
pub(crate) fn path(json: &str, line: usize, column: usize) -> Option<String> {
    let before: usize = json.split_inclusive('\n').take(line.checked_sub(1)?).map(str::len).sum();
    let end = (before + column).min(json.len());
    let steps = steps(json, end);
    let shown = &steps[steps.len().saturating_sub(MOST_STEPS)..];
    let mut path = String::from(if shown.len() < steps.len() { "…" } else { "" });
    for step in shown {
        match step {
            Step::Key(None) => break,
            Step::Key(Some(key)) => {
                let dot = if path.is_empty() { "" } else { "." };
                let _ = write!(path, "{dot}{key}");
            }
            Step::Index(index) => {
                let _ = write!(path, "[{index}]");
            }
        }
    }
    (!path.is_empty()).then_some(path)
}

/// The containers that are open before `end`. The text is JSON as far as that.
fn steps(json: &str, end: usize) -> Vec<Step<'_>> {
    let bytes = json.as_bytes();
    let (mut steps, mut i) = (Vec::new(), 0);
    while i < end {
        match (bytes[i], steps.last_mut()) {
            (b'{', _) => steps.push(Step::Key(None)),
            (b'[', _) => steps.push(Step::Index(0)),
            (b'}' | b']', _) => drop(steps.pop()),
            (b',', Some(Step::Key(key))) => *key = None,
            (b',', Some(Step::Index(index))) => *index += 1,
            (b'"', last) => {
                let close = closing_quote(bytes, i + 1);
                if let Some(Step::Key(key @ None)) = last {
                    *key = json.get(i + 1..close);
                }
                i = close;
            }
            _ => {}
        }
        i += 1;
    }
    steps
}

/// The place of the quote that ends the string which begins at `i`.
fn closing_quote(bytes: &[u8], mut i: usize) -> usize {
    while i < bytes.len() && bytes[i] != b'"' {
        i += if bytes[i] == b'\\' { 2 } else { 1 };
    }
    i
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only read")]
    struct Sample {
        at: BTreeMap<String, Vec<f64>>,
        note: Option<String>,
        inner: Option<Box<Sample>>,
    }

    fn path_of(json: &str) -> Option<String> {
        let error = serde_json::from_str::<Sample>(json).unwrap_err();
        path(json, error.line(), error.column())
    }

    #[test]
    fn the_value_that_can_not_be_read_is_named() {
        assert_eq!(path_of(r#"{"at":{"x":[1,2],"y":[1,null]}}"#).as_deref(), Some("at.y[1]"));
        assert_eq!(path_of(r#"{"at":{"x\"]":[1,{}]}}"#).as_deref(), Some(r#"at.x\"][1]"#));
        assert_eq!(path_of(r#"{"note":"é, \\","at":7}"#).as_deref(), Some("at"));
        assert_eq!(path_of("{\n \"at\": {},\n \"note\": 7}").as_deref(), Some("note"));
        let inner = r#"{"at":{},"inner":{"at":{},"note":"x","note":"y"}}"#;
        assert_eq!(path_of(inner).as_deref(), Some("inner.note"));
        assert_eq!(path_of(r#"{"at":{},"inner":{}}"#).as_deref(), Some("inner"));
        assert_eq!(path_of("{}"), None);
        assert_eq!(path("", 0, 0), None);
        assert_eq!(path("{}", 9, 9), None);
    }

    #[test]
    fn a_long_path_is_shown_from_its_end() {
        let json = format!("{}{{\"at\":7", r#"{"at":{},"inner":"#.repeat(50));
        let path = path_of(&json).unwrap();
        assert_eq!(path, format!("…{}.at", ".inner".repeat(MOST_STEPS - 1)));
    }
}
