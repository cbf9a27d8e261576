//! A short name for a text that is the same on every machine.

mod of_members;

use std::{fmt, io};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The 64-bit FNV-1a hash of a contract's canonical text, written as 16 hexadecimal digits.
///
/// It tells one revision of a contract from another at a glance. Nothing trusts it: the text it
/// stands for is committed beside it, so nobody gains by forging one, and the odds that any two
/// of a thousand contracts share theirs by chance are below one in 10¹³.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint(u64);

impl Fingerprint {
    /// The fingerprint of this text.
    pub const fn of(text: &str) -> Self {
        Self(OFFSET).and(text.as_bytes())
    }

    /// The fingerprint of this in JSON, on one line.
    pub(crate) fn of_line(value: &impl Serialize) -> Self {
        let mut fingerprint = Self(OFFSET);
        // Neither taking bytes nor writing what this crate writes fails.
        let _ = serde_json::to_writer(&mut fingerprint, value);
        fingerprint
    }

    /// The fingerprint of an object as `canonical::text` writes it, and of each of its members in JSON on
    /// one line.
    pub(crate) fn of_text(value: &impl Serialize) -> (Self, Vec<Self>) {
        of_members::of(value)
    }

    const fn and(self, bytes: &[u8]) -> Self {
        let mut hash = self.0;
        let mut i = 0;
        while i < bytes.len() {
            hash = (hash ^ bytes[i] as u64).wrapping_mul(PRIME);
            i += 1;
        }
        Self(hash)
    }
}

const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0100_0000_01b3;

/// Takes the bytes of a text piece by piece.
impl io::Write for Fingerprint {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        *self = self.and(bytes);
        Ok(bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        *self = self.and(bytes);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digits = Some(text.as_str()).filter(|text| text.len() == 16);
        digits.and_then(|digits| u64::from_str_radix(digits, 16).ok()).map(Self).ok_or_else(|| {
            de::Error::invalid_value(de::Unexpected::Str(&text), &"16 hexadecimal digits")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Fingerprint;

    #[test]
    fn it_is_the_published_hash() {
        // The test vectors of the FNV reference implementation.
        assert_eq!(Fingerprint::of("").to_string(), "cbf29ce484222325");
        assert_eq!(Fingerprint::of("a").to_string(), "af63dc4c8601ec8c");
        assert_eq!(Fingerprint::of("foobar").to_string(), "85944171f73967e8");
    }

    #[test]
    fn it_is_read_as_it_is_written() {
        let fingerprint = Fingerprint::of("foobar");
        let json = serde_json::to_string(&fingerprint).unwrap();
        assert_eq!(serde_json::from_str::<Fingerprint>(&json).unwrap(), fingerprint);
        assert!(serde_json::from_str::<Fingerprint>("\"+1\"").is_err());
    }
}
