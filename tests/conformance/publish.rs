//! Publishing: what is stored, refused and confirmed.

mod atomic;
mod cloud_event;
mod confirm;
mod dedup;
mod delay;
mod delay_limit;
mod fast_ingest;
mod header;
mod read_back;
mod record;
mod recurrence;
mod schedule;
mod schedule_race;
mod subject;
