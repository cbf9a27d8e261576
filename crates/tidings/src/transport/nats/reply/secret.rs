//! Random bits that nobody can guess, from the operating system.

use data_encoding::BASE64URL_NOPAD;
use uuid::Uuid;

/// Number of secrets that are asked for at a time: the kernel is asked once for them all.
const TOGETHER: usize = 64;

/// A token of a subject that nobody can guess: 72 random bits in 12 characters. (With `_INBOX` and a
/// reply token it is 32, of which many are looked through most quickly.)
pub(crate) fn token() -> String {
    // The bytes between say which kind of id it is.
    let [first @ .., _, _, _, _, _, _, _, x, y, z] = *Uuid::new_v4().as_bytes();
    BASE64URL_NOPAD.encode(&[&first[..], &[x, y, z]].concat())
}

/// 64 random bits, which were handed out once.
#[derive(Clone, Copy)]
pub(crate) struct Secret(u64);

impl Secret {
    pub(crate) fn bits(self) -> u64 {
        self.0
    }
}

/// A source of secrets.
#[derive(Default)]
pub(crate) struct Secrets {
    /// Secrets that nobody has yet.
    left: Vec<Secret>,
}

impl Secrets {
    /// The next one; an error where the operating system has none.
    pub(crate) fn next(&mut self) -> Result<Secret, getrandom::Error> {
        match self.left.pop() {
            Some(secret) => Ok(secret),
            None => self.more(),
        }
    }

    #[cold]
    fn more(&mut self) -> Result<Secret, getrandom::Error> {
        let mut bytes = [0; TOGETHER * 8];
        getrandom::fill(&mut bytes)?;
        let (eights, _) = bytes.as_chunks();
        let mut secrets = eights.iter().map(|eight| Secret(u64::from_ne_bytes(*eight)));
        let first = secrets.next().unwrap_or(Secret(0));
        self.left.extend(secrets);
        Ok(first)
    }
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn none_comes_twice() {
        let mut secrets = Secrets::default();
        let all: HashSet<u64> = (0..1000).map(|_| secrets.next().unwrap().bits()).collect();
        assert_eq!(all.len(), 1000);
        assert!(!all.contains(&0));
    }
}
