//! Fuzz target: `tidings::fuzz::advisories`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tidings::fuzz::advisories(data));
