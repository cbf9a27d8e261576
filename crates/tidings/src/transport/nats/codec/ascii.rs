//! Texts of the protocol, looked at eight bytes at a time.

/// Returns `true` if no byte of a text is less than this one, which is ASCII.
pub(crate) fn all_from(least: u8, text: &str) -> bool {
    let (words, rest) = text.as_bytes().as_chunks();
    words.iter().all(|word| all_of_eight(least, u64::from_ne_bytes(*word)))
        && rest.iter().all(|byte| *byte >= least)
}

fn all_of_eight(least: u8, word: u64) -> bool {
    const ONES: u64 = u64::MAX / 0xFF;
    // What is less borrows its highest bit; what has that already is outside ASCII.
    word.wrapping_sub(ONES * u64::from(least)) & !word & (ONES << 7) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_is_seen_as_it_is() {
        for byte in 0..=u8::MAX {
            for at in 0..8 {
                for least in [1, b' ', b'!', b'~'] {
                    for others in [least, b'~', 0x80, 0xFF] {
                        let mut word = [others; 8];
                        word[at] = byte;
                        let all = all_of_eight(least, u64::from_ne_bytes(word));
                        assert_eq!(all, byte >= least, "{word:?} {least}");
                    }
                }
            }
        }
    }

    #[test]
    fn texts_of_every_length() {
        for length in 0..40 {
            let text = "~".repeat(length);
            assert!(all_from(b' ', &text));
            for at in 0..length {
                let mut text = text.clone();
                text.replace_range(at..=at, "\n");
                assert!(!all_from(b' ', &text), "{text:?}");
            }
        }
    }
}
