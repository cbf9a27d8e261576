//! Fuzz target: `tidings::fuzz::subjects`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tidings::fuzz::subjects(data));
