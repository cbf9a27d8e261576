//! Fuzz target: `tidings::fuzz::answers`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tidings::fuzz::answers(data));
