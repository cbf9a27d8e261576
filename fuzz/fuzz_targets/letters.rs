//! Fuzz target: `tidings::fuzz::letters`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tidings::fuzz::letters(data));
