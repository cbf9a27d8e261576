//! Readers of what others write, each behind a function that takes any bytes: for a fuzzer, and for a seeded
//! run of the same in the tests. None may panic, hang, or read back something else than it has read.
//!
//! Compiled for tests and with `--cfg fuzzing` alone; `fuzz/` has the targets and their corpus.

use std::time::{Duration, SystemTime};

use tidings_contract::{Catalog, Descriptor};
use tidings_subject::{
    Template, check_filter, check_subject, check_token, covers, matches, overlaps,
};

use crate::backstop;
use crate::dead_letter;
use crate::discovery;
use crate::header::Headers;
use crate::payload;
use crate::request;
use crate::stream::StreamConfig;
use crate::subject::{Subject, is_inbox, reserved};
use crate::transport::{StoredHeaders, StoredMessage, nats};
use crate::warrant::Warrant;

/// Reads any bytes.
pub type Target = fn(&[u8]);

/// Each target's name, and what it does with any bytes.
pub const TARGETS: [(&str, Target); 9] = [
    ("headers", headers),
    ("acks", acks),
    ("advisories", advisories),
    ("letters", letters),
    ("answers", answers),
    ("subjects", subjects),
    ("streams", streams),
    ("schemas", schemas),
    ("payloads", payloads),
];

/// A header block, and what stands in headers that are ours.
pub fn headers(block: &[u8]) {
    let Some(headers) = Headers::from_wire(block) else { return };
    let again = Headers::from_wire(&headers.to_wire());
    let pairs = |headers: &Headers| -> Vec<(String, String)> {
        // One that is folded begins with the white space of its second line.
        headers.iter().map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect()
    };
    assert_eq!(again.as_ref().map(pairs), Some(pairs(&headers)));
    let _ = Warrant::of(&headers);
}

/// A stream's answer to a publish, a delivery's reply subject, an error of the server's.
pub fn acks(answer: &[u8]) {
    nats::read_any(answer);
    let _ = request::stream_of(answer);
}

/// A server's advisory of a message that it has given up.
pub fn advisories(payload: &[u8]) {
    backstop::read_any_advisory(payload);
}

/// A dead letter: its subject, its header block up to an empty line, its payload.
pub fn letters(message: &[u8]) {
    let (subject, rest) = cut(message, b"\n");
    let (block, payload) = cut(rest, b"\r\n\r\n");
    let Ok(subject) = std::str::from_utf8(subject) else { return };
    dead_letter::open_any(StoredMessage {
        subject: Subject::from(subject.to_owned()),
        sequence: 7,
        stored_at: SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000),
        headers: StoredHeaders::read(block.to_vec()),
        payload: payload.to_vec().into(),
    });
}

/// An answer of service discovery.
pub fn answers(answer: &[u8]) {
    discovery::read_any_answer(answer);
}

/// Subjects, filters, tokens and templates, two of them.
pub fn subjects(lines: &[u8]) {
    let Ok(text) = std::str::from_utf8(lines) else { return };
    let (one, other) = text.split_once('\n').unwrap_or((text, ""));
    for subject in [one, other] {
        let _ = (reserved(subject), is_inbox(subject), Template::parse(subject));
        if check_subject(subject).is_ok() {
            assert!(matches(subject, subject) && check_filter(subject).is_ok());
            assert!(subject.split('.').all(|token| check_token(token).is_ok()));
        }
    }
    if check_filter(one).is_ok() && check_filter(other).is_ok() {
        assert_eq!(overlaps(one, other), overlaps(other, one));
        if covers(&[one], other) {
            assert!(overlaps(one, other));
        }
    }
}

/// A stream's configuration.
pub fn streams(json: &[u8]) {
    let Ok(json) = std::str::from_utf8(json) else { return };
    if let Ok(config) = StreamConfig::from_json(json) {
        let again = StreamConfig::from_json(&config.to_json());
        assert_eq!(again.ok(), Some(config));
    }
}

/// A message's contract, as a `schemas/` folder has it.
pub fn schemas(json: &[u8]) {
    if let Ok(message) = serde_json::from_slice::<Descriptor>(json) {
        let Ok(catalog) = Catalog::of([message]) else { return };
        let again = Catalog::of(catalog.iter().cloned());
        assert_eq!(again.ok(), Some(catalog));
    }
}

/// A payload that may be no JSON, and where it is wrong.
pub fn payloads(payload: &[u8]) {
    #[derive(serde::Deserialize)]
    #[expect(dead_code, reason = "it is only read")]
    struct Order {
        id: u64,
        #[serde(default)]
        lines: Vec<Option<(String, f64)>>,
        kind: Kind,
    }
    #[derive(serde::Deserialize)]
    enum Kind {
        Plain,
        #[expect(dead_code, reason = "it is only read")]
        Named {
            name: Box<str>,
        },
    }
    if let Err(error) = payload::read::<Order>(payload) {
        let _ = payload::path_of(payload, &error);
    }
}

/// The bytes before and behind a mark.
fn cut<'a>(bytes: &'a [u8], mark: &[u8]) -> (&'a [u8], &'a [u8]) {
    let at = bytes.windows(mark.len()).position(|window| window == mark);
    at.map_or((bytes, &[]), |at| (&bytes[..at], &bytes[at + mark.len()..]))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    /// Number of inputs that each target is given.
    const INPUTS: usize = 20_000;

    /// Numbers by chance, the same ones each time.
    struct Chance(u64);

    impl Chance {
        fn below(&mut self, most: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            usize::try_from(self.0 % most.max(1) as u64).unwrap()
        }
    }

    /// Every target reads its corpus as it is, and changed by chance: bytes of it changed, cut out, doubled,
    /// or taken from another input.
    #[test]
    fn whatever_others_write_is_read_or_refused() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
        for (name, target) in TARGETS {
            let files = fs::read_dir(corpus.join(name)).expect("a corpus of each target");
            let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
            files.sort();
            let inputs: Vec<Vec<u8>> = files.iter().map(|file| fs::read(file).unwrap()).collect();
            assert!(!inputs.is_empty(), "{name}");
            for input in &inputs {
                target(input);
            }
            let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
            for _ in 0..INPUTS {
                let mut input = inputs[chance.below(inputs.len())].clone();
                input.truncate(4096);
                for _ in 0..=chance.below(4) {
                    let at = chance.below(input.len());
                    let end = (at + chance.below(8)).min(input.len());
                    let other = &inputs[chance.below(inputs.len())];
                    let from = chance.below(other.len());
                    let piece = &other[from..(from + chance.below(16)).min(other.len())];
                    match chance.below(4) {
                        0 => input.splice(at..end, []).for_each(drop),
                        1 => input.splice(at..at, piece.iter().copied()).for_each(drop),
                        2 => input.splice(at..end, piece.iter().copied()).for_each(drop),
                        _ => {
                            if let Some(byte) = input.get_mut(at) {
                                *byte = u8::try_from(chance.below(256)).unwrap();
                            }
                        }
                    }
                }
                target(&input);
            }
        }
    }
}
