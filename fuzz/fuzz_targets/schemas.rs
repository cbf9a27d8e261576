//! Fuzz target: `tidings::fuzz::schemas`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tidings::fuzz::schemas(data));
