//! The id by which a stream knows a message again.

use std::fmt::{self, Display, Write as _};

use crate::write_buffer;

/// Writes a message's id, `<name>/<part>/<part>…`, from the fields that identify it.
///
/// All but printable ASCII is percent-encoded, and so are `%`, `/` and the space: an id travels in
/// a header, and two lists of parts never give the same id.
#[derive(Debug)]
pub(crate) struct MessageIdBuilder(String);

impl MessageIdBuilder {
    /// Starts the id of a message of this wire name.
    pub(crate) fn new(name: &str) -> Self {
        let mut id = write_buffer::text();
        id.push_str(name);
        Self(id)
    }

    /// Appends a part as its `Display` writes it.
    pub(crate) fn part<T: Display + ?Sized>(&mut self, value: &T) {
        self.0.push('/');
        // Writing to a String can't fail; a `Display` that fails leaves what it has written.
        let _ = write!(Encoder(&mut self.0), "{value}");
    }

    /// The finished id.
    pub(crate) fn finish(self) -> String {
        self.0
    }
}

/// Makes what [`Message::message_id`](crate::Message::message_id) gives for a message of this wire name with
/// these parts: always an id.
pub fn message_id(name: &str, parts: &[&dyn Display]) -> Option<String> {
    let mut id = MessageIdBuilder::new(name);
    for part in parts {
        id.part(*part);
    }
    Some(id.finish())
}

/// [`message_id`] of the one part that most ids have.
pub fn message_id_of(name: &str, part: &dyn Display) -> Option<String> {
    message_id(name, &[part])
}

/// A value that can be part of an event's id: any that has a `Display`.
// A trait of its own, so that the compiler tells what is wrong in words of the id.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be part of an event's id",
    label = "a `Display` writes it into the id, and `{Self}` has none",
    note = "implement `Display` for it, or say what stands for it: `id = \"order_id.0\"`"
)]
pub trait IdPart: Display {}

#[diagnostic::do_not_recommend]
impl<T: Display> IdPart for T {}

/// A part of an id, for [`message_id`].
pub fn id_part<T: IdPart>(part: &T) -> &dyn Display {
    part
}

/// Percent-encodes what is written through it.
struct Encoder<'a>(&'a mut String);

impl fmt::Write for Encoder<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if is_usual(text.as_bytes()) {
            self.0.push_str(text);
            return Ok(());
        }
        for byte in text.bytes() {
            if is_plain(byte) {
                self.0.push(char::from(byte));
            } else {
                write!(self.0, "%{byte:02X}")?;
            }
        }
        Ok(())
    }
}

/// Returns `true` if it stands in an id as it is.
const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_graphic() && byte != b'%' && byte != b'/'
}

/// Returns `true` if all of a text stands in an id as it is. Of one with `!` to `,` in it this is not said: few have.
fn is_usual(text: &[u8]) -> bool {
    let Some(last) = text.last_chunk() else {
        return text.iter().copied().all(is_plain);
    };
    // The last eight may have been looked at in part.
    let (words, _) = text.as_chunks();
    words.iter().all(|word| are_usual(*word)) && are_usual(*last)
}

/// Returns `true` if each is one of `-` to `~` and no `/`.
fn are_usual(bytes: [u8; 8]) -> bool {
    const ONES: u64 = u64::MAX / 0xFF;
    const HIGH: u64 = ONES << 7;
    let word = u64::from_ne_bytes(bytes);
    let no_slash = word ^ (ONES * u64::from(b'/'));
    // What is less than `-`, and what is 0 without its slash, borrows its highest bit. `~` is the last that does not
    // get one by 1 more. A byte that has it already is none.
    let less = word.wrapping_sub(ONES * u64::from(b'-'));
    let slash = no_slash.wrapping_sub(ONES);
    (less | slash | word.wrapping_add(ONES) | word) & HIGH == 0
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::{MessageIdBuilder, are_usual, is_plain, is_usual, message_id};

    fn id(parts: &[&str]) -> String {
        let mut id = MessageIdBuilder::new("orders.created");
        for part in parts {
            id.part(*part);
        }
        id.finish()
    }

    #[test]
    fn parts_are_encoded() {
        assert_eq!(id(&[]), "orders.created");
        assert_eq!(id(&["a-1", "eu.west"]), "orders.created/a-1/eu.west");
        assert_eq!(id(&["a/b", "100 %", "é\n"]), "orders.created/a%2Fb/100%20%25/%C3%A9%0A");
        assert_eq!(message_id("n", &[&7, &true]).unwrap(), "n/7/true");
        // Wherever it stands in a long one.
        for length in 1..40 {
            for at in 0..length {
                let mut part = "a".repeat(length);
                part.replace_range(at..=at, "/");
                let encoded = part.replace('/', "%2F");
                assert_eq!(id(&[&part]), format!("orders.created/{encoded}"));
            }
        }
    }

    #[test]
    fn usual_bytes_are_plain_wherever_they_stand() {
        for byte in 0..=u8::MAX {
            for at in 0..8 {
                for others in [b'-', b'.', b'0', b'a', b'~'] {
                    let mut word = [others; 8];
                    word[at] = byte;
                    let usual = is_plain(byte) && byte >= b'-';
                    assert_eq!(are_usual(word), usual, "{word:?}");
                }
            }
        }
        for length in 0..20 {
            assert!(is_usual("~".repeat(length).as_bytes()));
        }
    }

    #[test]
    fn different_parts_give_different_ids() {
        let words = ["", "/", "%", "%2F", "2F", "a", "a/a", "a%2Fa", " ", "%20"];
        let mut lists: Vec<Vec<&str>> = vec![vec![]];
        for length in 0..3 {
            let longer: Vec<_> = lists
                .iter()
                .filter(|list| list.len() == length)
                .flat_map(|list| words.map(|word| [list.as_slice(), &[word]].concat()))
                .collect();
            lists.extend(longer);
        }
        let mut seen = HashMap::new();
        for list in lists {
            if let Some(other) = seen.insert(id(&list), list.clone()) {
                panic!("{list:?} and {other:?} give the same id");
            }
        }
        assert_eq!(seen.len(), 1 + 10 + 100 + 1000);
    }
}
