//! JSON of a file, whose fault is told with its place.

use std::fmt::Write as _;

use serde::de::DeserializeOwned;
use serde_path_to_error::{Path, Segment};

/// Fault of a text that is not the JSON that it should be.
#[derive(Debug)]
pub(super) struct Fault {
    /// JSON pointer to the value that was read, as far as it is known.
    pub(super) pointer: String,
    pub(super) source: serde_json::Error,
}

/// Reads a value. Only a text with a fault is read a second time, to find the place.
pub(super) fn parse<T: DeserializeOwned>(text: &str) -> Result<T, Fault> {
    serde_json::from_str(text).map_err(|source| {
        let json = &mut serde_json::Deserializer::from_str(text);
        // What is wrong behind the value itself is wrong with the whole.
        let again = serde_path_to_error::deserialize::<_, T>(json).err();
        let pointer = again.map_or_else(String::new, |fault| pointer(fault.path()));
        Fault { pointer, source }
    })
}

fn pointer(path: &Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        // Writing to a String can't fail.
        let _ = match segment {
            Segment::Seq { index } => write!(pointer, "/{index}"),
            Segment::Map { key: name } | Segment::Enum { variant: name } => {
                write!(pointer, "/{}", name.replace('~', "~0").replace('/', "~1"))
            }
            Segment::Unknown => break,
        };
    }
    pointer
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::parse;

    fn place(text: &str) -> String {
        parse::<BTreeMap<String, Vec<u8>>>(text).unwrap_err().pointer
    }

    #[test]
    fn a_fault_has_a_pointer() {
        assert_eq!(place(r#"{"a/~": [1, "x"]}"#), "/a~1~0/1");
        assert_eq!(place(r#"{"a": [1, 2], "b": {}}"#), "/b");
        assert_eq!(place(r#"{"a": [1, 300]}"#), "/a/1");
        assert!(place(r#"{"a": [1"#).starts_with("/a"));
        for whole in ["", "[]", "null", "{} x"] {
            assert_eq!(place(whole), "", "{whole}");
        }
    }
}
