//! Fuzz target: `tidings::fuzz::streams`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tidings::fuzz::streams(data));
