//! Fuzz target: `tidings::fuzz::acks`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tidings::fuzz::acks(data));
