//! Write buffer of messages: what is written is cut off one growing buffer of its thread, so that
//! most messages allocate nothing.

use std::cell::{Cell, RefCell};

use bytes::{Bytes, BytesMut};
use bytestring::ByteString;

/// Number of bytes that are allocated at a time. It lives as long as any message that is cut off
/// it.
const LENGTH: usize = 8 * 1024;
/// Length from which a message gets memory of its own, and leaves none behind.
const LONG: usize = LENGTH / 4;

thread_local! {
    static PAYLOAD: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
    static TEXT: Cell<String> = const { Cell::new(String::new()) };
    static BUFFER: RefCell<Option<BytesMut>> = const { RefCell::new(None) };
}

/// Bytes that `write` writes.
///
/// # Errors
/// Those of `write`.
pub(crate) fn payload<E>(write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>) -> Result<Bytes, E> {
    // Taken, and not borrowed: what is written may be written by a user's code that writes others.
    // A thread that ends has none.
    let mut room = PAYLOAD.try_with(Cell::take).unwrap_or_default();
    room.clear();
    write(&mut room)?;
    if room.len() > LONG {
        return Ok(Bytes::from(room));
    }
    let payload = cut(&room);
    let _ = PAYLOAD.try_with(|kept| kept.set(room));
    Ok(payload)
}

/// An empty text, with the room of the last one that was [`written`].
pub(crate) fn text() -> String {
    let mut room = TEXT.try_with(Cell::take).unwrap_or_default();
    room.clear();
    room
}

/// The text, which is done.
pub(crate) fn written(text: String) -> ByteString {
    if text.len() > LONG {
        return ByteString::from(text);
    }
    // The bytes are text already: this only checks it.
    let written = ByteString::try_from(cut(text.as_bytes()));
    let written = written.unwrap_or_else(|_| ByteString::from(text.as_str()));
    let _ = TEXT.try_with(|kept| kept.set(text));
    written
}

/// A copy of a few bytes.
fn cut(bytes: &[u8]) -> Bytes {
    let append = |buffer: &RefCell<Option<BytesMut>>| {
        // Nobody else has it: nothing that runs meanwhile comes here.
        let mut buffer = buffer.borrow_mut();
        let buffer = buffer.get_or_insert_with(|| BytesMut::with_capacity(LENGTH));
        // Where there is no room left, and none of what was cut off, it begins again at the same place.
        buffer.extend_from_slice(bytes);
        buffer.split().freeze()
    };
    // A thread that ends has none.
    BUFFER.try_with(append).unwrap_or_else(|_| Bytes::copy_from_slice(bytes))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn payload_of(text: &str) -> Bytes {
        let write = |room: &mut Vec<u8>| {
            room.extend_from_slice(text.as_bytes());
            Ok::<_, ()>(())
        };
        payload(write).unwrap()
    }

    #[test]
    fn what_is_written_stays() {
        let texts: Vec<String> = (0..2000).map(|n| format!("{n}").repeat(n % 7 + 1)).collect();
        let payloads: Vec<Bytes> = texts.iter().map(|text| payload_of(text)).collect();
        for (text, payload) in texts.iter().zip(payloads) {
            assert_eq!(payload, text.as_bytes());
        }
        for length in [LONG, LONG + 1, LENGTH, 10 * LENGTH] {
            assert_eq!(payload_of(&"x".repeat(length)).len(), length);
        }
    }

    #[test]
    fn what_fails_leaves_nothing() {
        let write = |room: &mut Vec<u8>| {
            room.push(7);
            Err(())
        };
        assert_eq!(payload(write), Err(()));
        assert_eq!(payload_of("x"), "x");
    }

    #[test]
    fn one_is_written_while_another_is() {
        let mut inner = Bytes::new();
        let outer = payload::<()>(|room| {
            room.extend_from_slice(b"outer");
            inner = payload_of("inner");
            Ok(())
        });
        assert_eq!((outer.unwrap(), inner), (Bytes::from("outer"), Bytes::from("inner")));
    }

    #[test]
    fn a_thread_that_ends_writes_too() {
        /// Writes when its thread ends, and gives away what it has written.
        struct Last(mpsc::Sender<Bytes>);

        impl Drop for Last {
            fn drop(&mut self) {
                assert!(BUFFER.try_with(|_| ()).is_err(), "it has ended before");
                self.0.send(payload_of("last")).unwrap();
            }
        }

        thread_local!(static LAST: Cell<Option<Last>> = const { Cell::new(None) });
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            // Of a thread's own values the one that came first ends last.
            LAST.set(Some(Last(sender)));
            payload_of("first");
        });
        assert_eq!(receiver.recv().unwrap(), "last");
    }

    #[test]
    fn texts() {
        let mut one = text();
        one.push_str("orders.eu");
        let one = written(one);
        let mut other = text();
        assert_eq!(other, "");
        other.push_str(&"x".repeat(LONG + 1));
        assert_eq!(written(other).len(), LONG + 1);
        assert_eq!(one, "orders.eu");
    }
}
