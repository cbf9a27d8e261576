//! Options of a stream that contradict each other.

use tidings::prelude::*;

#[derive(EventStream)]
#[stream(name = "ORDERS", subjects("orders.>"), discard_new_per_subject)]
struct PerSubject;

#[derive(EventStream)]
#[stream(name = "ORDERS", subjects("orders.>"), discard = "new", discard_new_per_subject)]
struct PerSubjectLimit;

#[derive(EventStream)]
#[stream(name = "ORDERS", subjects("orders.>"), max_age = "1m", duplicate_window = "2m")]
struct Window;

#[derive(EventStream)]
#[stream(name = "ORDERS", subjects("orders.>"), allow_rollup, deny_purge)]
struct Rollup;

#[derive(EventStream)]
#[stream(name = "ORDERS", subjects("orders.>"), subject_delete_marker_ttl = "1h")]
struct Marker;

#[derive(EventStream)]
#[stream(name = "ORDERS", subjects("orders.>"), mirror_direct)]
struct MirrorDirect;

#[derive(EventStream)]
#[stream(name = "ORDERS", subjects("orders.>"), replicas = 3, persistence = "async")]
struct AsyncReplicas;

#[derive(EventStream)]
#[stream(name = "ORDERS", subjects("orders.>"), retention = "interest", allow_message_schedules)]
struct InterestSchedules;

fn main() {}
