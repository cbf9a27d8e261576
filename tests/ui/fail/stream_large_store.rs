//! The object store of a stream's large events: its name, and an age that no event outlives.

use tidings::prelude::*;

#[derive(EventStream)]
#[stream(name = "SCANS", subjects("scans.>"), large_store = "scans large")]
struct Named;

#[derive(EventStream)]
#[stream(name = "SCANSé", subjects("scans.>"), large_store)]
struct Unnamed;

#[derive(EventStream)]
#[stream(name = "SCANS", subjects("scans.>"), max_age = "7d", large_store(max_age = "6d"))]
struct Shorter;

#[derive(EventStream)]
#[stream(name = "SCANS", subjects("scans.>"), large_store(max_age = "6d"))]
struct Endless;

#[derive(EventStream)]
#[stream(name = "SCANS", subjects("scans.>"), max_age = "7d", large_store(ttl = "8d"))]
struct Misspelt;

fn main() {}
