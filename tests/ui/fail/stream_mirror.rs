//! Options that do not go with a mirror.

use tidings::prelude::*;

#[derive(EventStream)]
#[stream(name = "ORDERS", subjects("orders.>"), mirror(name = "B"))]
struct Subjects;

#[derive(EventStream)]
#[stream(name = "A", mirror(name = "B"), source(name = "C"))]
struct Both;

#[derive(EventStream)]
#[stream(name = "A", mirror(start_sequence = 5))]
struct NoName;

#[derive(EventStream)]
#[stream(name = "A", mirror(name = "B", start_sequence = 5, start_time = "2025-01-31T12:00:00Z"))]
struct Starts;

#[derive(EventStream)]
#[stream(
    name = "A",
    source(
        name = "B",
        filter_subject = "a.>",
        subject_transform(source = "a.>", destination = "b.>")
    )
)]
struct Filter;

#[derive(EventStream)]
#[stream(name = "A", mirror(nam = "B"))]
struct Misspelt;

fn main() {}
