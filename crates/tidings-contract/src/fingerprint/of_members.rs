//! Fingerprints of an object and of its members, taken at once: to write out a schema costs more than to take
//! its fingerprint.

use std::cell::Cell;
use std::io;

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;

use super::{Fingerprint, OFFSET, PRIME};

/// The fingerprint of an object's pretty text with a newline at its end, and those of its members' values, each
/// on one line.
pub(super) fn of(value: &impl Serialize) -> (Fingerprint, Vec<Fingerprint>) {
    let texts = Texts { text: Cell::new(OFFSET), line: Cell::new(OFFSET) };
    let mut form = Form { texts: &texts, depth: 0, has_value: false, members: Vec::new() };
    // Neither taking bytes nor writing what this crate writes fails.
    let _ = value.serialize(&mut Serializer::with_formatter(&texts, Borrowed(&mut form)));
    (Fingerprint(texts.text.get()).and(b"\n"), form.members)
}

/// Fingerprints of both texts, as far as they are written.
struct Texts {
    text: Cell<u64>,
    /// Fingerprint of the member that is being written.
    line: Cell<u64>,
}

impl Texts {
    fn both(&self, bytes: &[u8]) {
        let (mut text, mut line) = (self.text.get(), self.line.get());
        // Side by side: neither waits for the other.
        for byte in bytes {
            text = (text ^ u64::from(*byte)).wrapping_mul(PRIME);
            line = (line ^ u64::from(*byte)).wrapping_mul(PRIME);
        }
        self.text.set(text);
        self.line.set(line);
    }

    fn text(&self, bytes: &[u8]) {
        self.text.set(Fingerprint(self.text.get()).and(bytes).0);
    }
}

/// Takes what both have: names and values.
impl io::Write for &Texts {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.both(bytes);
        Ok(bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.both(bytes);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes what stands between names and values.
struct Form<'a> {
    texts: &'a Texts,
    depth: usize,
    /// Something stands between the brackets.
    has_value: bool,
    members: Vec<Fingerprint>,
}

impl Form<'_> {
    fn open(&mut self, bracket: &[u8]) {
        self.depth += 1;
        self.has_value = false;
        self.texts.both(bracket);
    }

    fn close(&mut self, bracket: &[u8]) {
        self.depth -= 1;
        if self.has_value {
            self.indent();
        }
        self.texts.both(bracket);
    }

    fn begin(&self, is_first: bool) {
        if !is_first {
            self.texts.both(b",");
        }
        self.indent();
    }

    fn indent(&self) {
        self.texts.text(b"\n");
        for _ in 0..self.depth {
            self.texts.text(b"  ");
        }
    }
}

struct Borrowed<'a, 'b>(&'b mut Form<'a>);

impl Formatter for Borrowed<'_, '_> {
    fn begin_array<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.0.open(b"[");
        Ok(())
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.0.close(b"]");
        Ok(())
    }

    fn begin_array_value<W: ?Sized + io::Write>(
        &mut self,
        _: &mut W,
        is_first: bool,
    ) -> io::Result<()> {
        self.0.begin(is_first);
        Ok(())
    }

    fn end_array_value<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.0.has_value = true;
        Ok(())
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.0.open(b"{");
        Ok(())
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.0.close(b"}");
        Ok(())
    }

    fn begin_object_key<W: ?Sized + io::Write>(
        &mut self,
        _: &mut W,
        is_first: bool,
    ) -> io::Result<()> {
        self.0.begin(is_first);
        Ok(())
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.0.texts.both(b":");
        self.0.texts.text(b" ");
        if self.0.depth == 1 {
            self.0.texts.line.set(OFFSET);
        }
        Ok(())
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.0.has_value = true;
        if self.0.depth == 1 {
            self.0.members.push(Fingerprint(self.0.texts.line.get()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Fingerprint, of};

    #[test]
    fn they_are_those_of_the_texts() {
        let value = json!({
            "a": {"b": [1, -2.5, {"c": []}, [[]]], "d\"\n": "\u{e9}\\", "e": {}},
            "f": null, "g": [], "h": {}, "i": "t", "j": true,
        });
        let (text, members) = of(&value);
        assert_eq!(text, Fingerprint::of(&crate::canonical::text(&value)));
        let each = value.as_object().unwrap().values();
        let each: Vec<_> = each.map(|one| Fingerprint::of(&one.to_string())).collect();
        assert_eq!(members, each);
    }
}
