//! Fuzz target: `tidings::fuzz::headers`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tidings::fuzz::headers(data));
