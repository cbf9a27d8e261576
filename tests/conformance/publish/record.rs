//! Promise 2: a message that was kept as data is published as it was made.

use std::time::Duration;

use tidings::prelude::*;
use tidings::{AtomicRecordsError, Headers, PublishError, PublishRecordError, Record};

use crate::support::env::Env;
use crate::support::message::{Parcels, Region, Seen, Sent, sent};

scenarios! {
    every_bus:
        a_record_is_what_a_publish_would_send,
        a_record_is_stored_once_however_often_it_is_published,
        many_records_are_stored_in_their_order,
        records_of_one_stream_are_stored_as_one_or_not_at_all,
        records_that_are_refused_say_why_and_hold_nobody,
        a_record_over_the_limit_is_refused_as_it_is_made,
        a_record_without_a_stream_reaches_who_listens,
        ids_of_what_is_stored_are_known_beyond_the_window,
        ids_are_read_up_to_the_last_that_is_left;
}

/// Stores many as one.
#[derive(EventStream)]
#[stream(name = "JOURNAL", subjects("journal.>"), allow_atomic_publish)]
struct Journal;

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "journal.written", stream = Journal)]
struct Written {
    #[event(id)]
    line: u32,
}

async fn a_record_is_what_a_publish_would_send(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    let record = bus.message(&sent(1)).header("tenant", "acme").record().unwrap();
    let kept = serde_json::to_string(&record).unwrap();
    let record: Record = serde_json::from_str(&kept).unwrap();
    let ack = bus.publish_record(&record).await.unwrap().expect("a stream keeps it");
    let again = bus.message(&sent(1)).header("tenant", "acme").publish().await.unwrap();
    assert!(again.duplicate, "the event has the id of its record");
    assert_eq!(again.sequence, ack.sequence);

    let mut parcels = bus.replay::<Sent>(DeliverFrom::Beginning).await.unwrap();
    let parcel = parcels.next().await.unwrap().unwrap();
    assert_eq!(*parcel, sent(1));
    assert_eq!(parcel.headers().get("tenant"), Some("acme"));
    assert_eq!(Some(parcel.subject()), Some(record.subject()));
}

async fn a_record_is_stored_once_however_often_it_is_published(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    // Without id fields the id is made with the record.
    let record = bus.message(&Seen { number: 1, region: Region::Eu }).record().unwrap();
    for attempt in 0..3 {
        let ack = bus.publish_record(&record).await.unwrap().expect("a stream keeps it");
        assert_eq!((ack.sequence, ack.duplicate), (1, attempt > 0));
    }
}

async fn many_records_are_stored_in_their_order(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    // More than are on the way at a time.
    let records: Vec<_> = (0..1500).map(|n| bus.message(&sent(n)).record().unwrap()).collect();
    let outcomes = bus.publish_records(records).await;
    for (outcome, sequence) in outcomes.into_iter().zip(1..) {
        assert_eq!(outcome.unwrap().expect("a stream keeps it").sequence, sequence);
    }
}

async fn records_of_one_stream_are_stored_as_one_or_not_at_all(env: Env) {
    let bus = env.bus_with::<Journal>().await;
    let record = |line| bus.message(&Written { line }).record().unwrap();
    let records: Vec<Record> = (1..=5).map(record).collect();
    let ids = bus.stored_ids("JOURNAL", std::time::SystemTime::now()).await.unwrap();
    assert!(ids.allows_atomic_publish());
    let ack = bus.publish_records_atomically(&records[..3]).await.unwrap();
    assert_eq!((ack.first_sequence, ack.last_sequence, ack.duplicate), (1, 3, false));
    // One is there already: none is stored.
    let error = bus.publish_records_atomically(&records[2..]).await.unwrap_err();
    assert!(matches!(error, AtomicRecordsError::NotStored { .. }), "{error:?}");
    let sequences = bus.publish_records(records[2..].to_vec()).await;
    let sequences = sequences.into_iter().map(|stored| stored.unwrap().unwrap().sequence);
    assert_eq!(sequences.collect::<Vec<_>>(), [3, 4, 5]);

    let other = bus.message(&sent(1)).record().unwrap();
    for records in [&records[..1], &records[..0], &[record(6), other]] {
        let error = bus.publish_records_atomically(records).await.unwrap_err();
        assert!(matches!(error, AtomicRecordsError::Streams), "{error:?}");
    }
    // A stream that allows no batches.
    bus.provision::<Parcels>().await.unwrap();
    let two = [1, 2].map(|number| bus.message(&sent(number)).record().unwrap());
    let error = bus.publish_records_atomically(&two).await.unwrap_err();
    assert!(matches!(error, AtomicRecordsError::NotStored { .. }), "{error:?}");
    assert_eq!(bus.stream::<Parcels>().state().await.unwrap().messages, 0);
}

async fn records_that_are_refused_say_why_and_hold_nobody(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    let good = |number| bus.message(&sent(number)).record().unwrap();
    let nowhere = Record::new("nowhere.at.all", Headers::new(), "{}").unwrap();
    let nowhere = nowhere.in_stream("NOWHERE").unwrap();
    let large = Record::new(good(1).subject(), Headers::new(), vec![b' '; bus.max_payload() + 1]);
    let large = large.unwrap().in_stream("PARCELS").unwrap();
    let outcomes = bus.publish_records([good(1), nowhere, large, good(2)]).await;
    let [first, nowhere, large, last] = <[_; 4]>::try_from(outcomes).unwrap();
    assert_eq!(first.unwrap().expect("a stream keeps it").sequence, 1);
    assert_eq!(last.unwrap().expect("a stream keeps it").sequence, 2);
    let (nowhere, large) = (nowhere.unwrap_err(), large.unwrap_err());
    assert!(matches!(nowhere, PublishRecordError::NoStream { .. }), "{nowhere:?}");
    assert!(matches!(large, PublishRecordError::TooLarge { .. }), "{large:?}");
    assert!(nowhere.is_lasting() && large.is_lasting());
}

async fn a_record_over_the_limit_is_refused_as_it_is_made(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    let note = "x".repeat(bus.max_payload());
    let error = bus.message(&Sent { note, ..sent(1) }).record().unwrap_err();
    assert!(matches!(error, PublishError::TooLarge { .. }), "{error:?}");
}

async fn a_record_without_a_stream_reaches_who_listens(env: Env) {
    let bus = env.bus();
    let mut heard = bus.subscribe_raw("tidied.>").await.unwrap();
    let record = Record::new("tidied.up", Headers::new(), "{}").unwrap();
    assert_eq!(bus.publish_record(&record).await.unwrap(), None);
    let message = heard.next().await.unwrap().unwrap();
    assert_eq!((message.subject.as_str(), &message.payload[..]), ("tidied.up", &b"{}"[..]));
}

async fn ids_of_what_is_stored_are_known_beyond_the_window(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    let since = std::time::SystemTime::now() - Duration::from_secs(60);
    let mut ids = bus.stored_ids("PARCELS", since).await.unwrap();
    assert_eq!(ids.read_on().await.unwrap(), 0);
    let records: Vec<_> = (0..3).map(|n| bus.message(&sent(n)).record().unwrap()).collect();
    for record in &records[..2] {
        bus.publish_record(record).await.unwrap();
        assert_eq!(ids.read_on().await.unwrap(), 1);
    }
    let known = |record: &Record| ids.contains(record.message_id().expect("it has an id"));
    assert!(known(&records[0]) && known(&records[1]) && !known(&records[2]));
    assert_eq!(
        bus.stored_ids("NOWHERE", since).await.map(|_| ()).unwrap_err().to_string(),
        "stream `NOWHERE` does not exist; `bus.streams()` tells which there are"
    );
}

/// A stream may forget what was there when its reader began.
async fn ids_are_read_up_to_the_last_that_is_left(env: Env) {
    const COUNT: u32 = 1000;
    let bus = env.bus_with::<Journal>().await;
    bus.publish_all((0..COUNT).map(|line| Written { line })).await.unwrap();
    let mut ids = bus.stored_ids("JOURNAL", std::time::SystemTime::UNIX_EPOCH).await.unwrap();
    let stream = bus.stream::<Journal>();
    let (read, purged) = tokio::join!(ids.read_on(), stream.purge());
    purged.unwrap();
    let read = read.unwrap();
    assert!(read <= COUNT.into());
    bus.publish(&Written { line: COUNT }).await.unwrap();
    assert_eq!(ids.read_on().await.unwrap(), 1);
    assert!(ids.contains(&format!("journal.written/{COUNT}")));
}
