//! Tests of the place at which a consumer that is made again goes on.

use super::*;
use crate::transport::{DeliverFrom, Receipt};

fn identity(name: &str) -> Identity {
    Identity(name.to_owned())
}

fn stream(name: &str, last: u64) -> StreamSnapshot {
    StreamSnapshot { identity: identity(name), last }
}

fn snapshot(delivered: u64, reached: u64, floor: u64) -> ConsumerSnapshot {
    ConsumerSnapshot {
        identity: identity("consumer"),
        from: DeliverFrom::Beginning,
        delivered,
        reached,
        floor,
        unsettled: u64::from(floor < reached),
        redelivered: 0,
    }
}

fn message(sequence: u64, attempt: u64) -> Incoming {
    let receipt = Receipt {
        stream: "S".into(),
        consumer: "c".into(),
        sequence,
        attempt,
        pending: 0,
        stored_at: std::time::SystemTime::UNIX_EPOCH,
    };
    Incoming { receipt: Some(receipt), ..Incoming::default() }
}

fn reach(from: u64, numbers: &[u64]) -> Reach {
    let mut reach = Reach::behind(from);
    for number in numbers {
        reach.pass(*number, 10 * number);
    }
    reach
}

fn resume(ack_floor: &AckFloor, here: &[u64]) -> Option<Resume> {
    ack_floor.resume(&stream("stream", 1000), here.iter().copied().collect())
}

#[tokio::test(start_paused = true)]
async fn one_that_has_had_all_goes_on_behind_the_last() {
    let ack_floor = AckFloor::default();
    assert_eq!(resume(&ack_floor, &[]), None);
    assert!(!ack_floor.open(Some(identity("stream")), &snapshot(5, 50, 50)));
    ack_floor.close(reach(5, &[6, 7, 8]));
    assert_eq!(resume(&ack_floor, &[]).unwrap().from, 81);
    // What is here comes again, and so does what was given back, until it is settled.
    ack_floor.mark_unsettled(&message(60, 1));
    let found = resume(&ack_floor, &[70]).unwrap();
    assert_eq!(found.from, 60);
    ack_floor.settle(&message(60, 2));
    assert_eq!(resume(&ack_floor, &[70]).unwrap().from, 70);
    let again = ConsumerSnapshot { identity: identity("again"), ..snapshot(0, 59, 59) };
    ack_floor.carry(Some(identity("stream")), &again, found.carried.clone());
    // Lost once more before anything came of it, it goes on in the same way.
    assert_eq!(resume(&ack_floor, &[]), Some(found));
    let settled = |sequence, attempt| ack_floor.is_settled(&message(sequence, attempt));
    assert_eq!([60, 65, 70, 80].map(|s| settled(s, 1)), [false, true, false, true]);
    assert!(!settled(65, 2), "it was judged when it came first");
    assert!(!settled(81, 1));
    assert!(!settled(65, 1), "what comes now is behind them");
}

#[tokio::test(start_paused = true)]
async fn one_that_has_had_some_goes_on_behind_what_the_server_knows() {
    let ack_floor = AckFloor::default();
    ack_floor.open(Some(identity("stream")), &snapshot(5, 50, 50));
    ack_floor.close(reach(5, &[6, 8]));
    assert_eq!(resume(&ack_floor, &[]), Some(Resume { from: 51, carried: None }));
    assert!(!ack_floor.ask(&snapshot(9, 90, 70), reach(5, &[6, 8])));
    assert_eq!(resume(&ack_floor, &[]), Some(Resume { from: 71, carried: None }));
    assert_eq!(ack_floor.recreate_delay(), Duration::ZERO);
    tokio::time::advance(Duration::from_secs(10)).await;
    assert_eq!(ack_floor.recreate_delay(), Duration::from_secs(1));
    tokio::time::advance(Duration::from_secs(90)).await;
    assert_eq!(ack_floor.recreate_delay(), LONGEST_RECREATE_DELAY);
    // Nothing is unsettled, and nothing went elsewhere since.
    assert!(ack_floor.ask(&snapshot(8, 90, 90), reach(5, &[6, 8])));
    assert_eq!(resume(&ack_floor, &[]).unwrap().from, 91);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_known_of_another_stream() {
    let ack_floor = AckFloor::default();
    ack_floor.open(Some(identity("stream")), &snapshot(5, 50, 50));
    let found = |name, last| ack_floor.resume(&stream(name, last), BTreeSet::new());
    assert_eq!(found("another", 1000), None);
    assert_eq!(found("stream", 49), None, "it has lost its end");
    assert_eq!(found("stream", 50).unwrap().from, 51);
    ack_floor.mark_unsettled(&message(60, 1));
    assert!(ack_floor.open(Some(identity("another")), &snapshot(0, 0, 0)));
    assert_eq!(found("another", 0).unwrap().from, 1);
}
