//! A work queue whose delayed messages an event's readers would cancel.

use tidings::prelude::*;

#[derive(EventStream)]
#[stream(name = "JOBS", subjects("jobs.>"), retention = "work_queue", allow_message_schedules)]
struct Jobs;

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "_schedules.JOBS.{number}", stream = Jobs)]
struct Job {
    number: u64,
}

fn main() {
    let bus = Bus::in_memory();
    let _ = bus.publisher::<Job>();
}
