//! JSON documents, one behind the other.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

use serde_json::{Deserializer, StreamDeserializer, Value, de::IoRead};

use crate::validator::Problem;

/// The largest document that is read, in bytes: more than a NATS server takes.
const LARGEST: u64 = 64 << 20;

/// Documents of a stream; the first that is no JSON is the last.
pub(super) struct Documents {
    values: StreamDeserializer<'static, IoRead<Bounded>, Value>,
    left: Rc<Cell<u64>>,
    is_over: bool,
}

impl Documents {
    pub(super) fn new(reader: Box<dyn Read>) -> Self {
        let left = Rc::new(Cell::new(LARGEST));
        let bounded = Bounded { reader, left: Rc::clone(&left) };
        let values = Deserializer::from_reader(bounded).into_iter();
        Self { values, left, is_over: false }
    }
}

impl Iterator for Documents {
    /// A document, or why it is none; an error if nothing more can be read.
    type Item = io::Result<Result<Value, Problem>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        self.left.set(LARGEST);
        match self.values.next()? {
            Ok(value) => Some(Ok(Ok(value))),
            Err(error) => {
                self.is_over = true;
                Some(if error.is_io() {
                    Err(error.into())
                } else {
                    Ok(Err(Problem::new(format!("it is no JSON: {error}"))))
                })
            }
        }
    }
}

/// A reader that ends with an error where a document is too large.
struct Bounded {
    reader: Box<dyn Read>,
    left: Rc<Cell<u64>>,
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        let left = self.left.get().checked_sub(read as u64);
        self.left.set(left.ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidData, "a document is larger than 64 MiB")
        })?);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Read as _};

    use serde_json::json;

    use super::Documents;

    #[test]
    fn documents_stand_on_a_line_each_or_over_several() {
        let text = "{\"a\": 1}\n{\n  \"a\": 2\n}\n3 [\n";
        let mut documents = Documents::new(Box::new(text.as_bytes()));
        for expected in [json!({"a": 1}), json!({"a": 2}), json!(3)] {
            assert_eq!(documents.next().unwrap().unwrap().unwrap(), expected);
        }
        let problem = documents.next().unwrap().unwrap().unwrap_err();
        assert!(problem.to_string().contains("no JSON"), "{problem}");
        assert!(documents.next().is_none());
    }

    #[test]
    fn a_document_without_end_is_not_read_to_its_end() {
        let endless = io::repeat(b'[').take(1 << 40);
        // Nested too deeply before it is too large.
        let mut documents = Documents::new(Box::new(endless));
        assert!(documents.next().unwrap().unwrap().is_err());
        let text = io::Cursor::new("\"").chain(io::repeat(b'a'));
        let mut documents = Documents::new(Box::new(text));
        let error = documents.next().unwrap().unwrap_err();
        assert!(error.to_string().contains("larger than 64 MiB"), "{error}");
    }
}
