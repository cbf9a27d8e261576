//! Headers that a server keeps and no client can read: each would break every connection that the
//! message comes on, again and again.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use futures_util::StreamExt as _;
use tidings::prelude::*;
use tidings::{
    DeadLetterFilter, DeadLetterReason, EntryError, GetError, ReceiveError, WatchError, WatchEvent,
};
use tidings_tests::{Server, eventually};
use tokio::sync::mpsc;

use crate::{SOON, soon};

#[derive(EventStream)]
#[stream(name = "MAIL", subjects("mail.>"))]
struct Mail;

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "mail.{to}.came", stream = Mail)]
struct Came {
    to: String,
    number: u64,
}

fn came(number: u64) -> Came {
    Came { to: "ann".into(), number }
}

/// Bytes that are no UTF-8; a name that is none; no name at all; a line that a bare line feed makes.
pub(crate) const BLOCKS: [&[u8]; 4] = [
    b"NATS/1.0\r\nName: \xff\xfe\r\n\r\n",
    b"NATS/1.0\r\nNa me: x\r\n\r\n",
    b"NATS/1.0\r\nnothing\r\n\r\n",
    b"NATS/1.0\r\nName: x\nnothing\r\n\r\n",
];

const PAYLOAD: &[u8] = br#"{"to":"ann","number":99}"#;

/// Stores a message with this header block, as a client of any kind may; gives its sequence.
async fn store(server: &Server, bus: &Bus, block: &[u8]) -> u64 {
    store_on(server, bus, b"mail.ann.came", block).await
}

/// Stores a message on this subject, with this header block; gives its sequence.
async fn store_on(server: &Server, bus: &Bus, subject: &[u8], block: &[u8]) -> u64 {
    let before = bus.stream::<Mail>().state().await.unwrap().last_sequence;
    send_raw(server, subject, block);
    eventually(SOON, "it is stored", || async {
        let last = bus.stream::<Mail>().state().await.unwrap().last_sequence;
        if last > before { Ok(last) } else { Err(last) }
    })
    .await
}

/// Publishes a message with this header block, which the server has seen when this returns.
pub(crate) fn send_raw(server: &Server, subject: &[u8], block: &[u8]) {
    let address = server.url();
    let mut connection = TcpStream::connect(address.strip_prefix("nats://").unwrap()).unwrap();
    let connect = b"CONNECT {\"verbose\":false,\"headers\":true,\"no_responders\":true}\r\n";
    connection.write_all(connect).unwrap();
    let sizes = format!(" {} {}\r\n", block.len(), block.len() + PAYLOAD.len());
    for part in [b"HPUB ", subject, sizes.as_bytes(), block, PAYLOAD, b"\r\nPING\r\n"] {
        connection.write_all(part).unwrap();
    }
    let mut lines = BufReader::new(connection).lines();
    assert!(lines.any(|line| line.unwrap() == "PONG"));
}

/// Number of connections that there have been.
async fn connections(server: &Server) -> u64 {
    server.monitor("/varz").await["total_connections"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_route_puts_it_aside_and_handles_the_others() {
    let server = Server::start().await;
    let bus = Bus::connect(server.url()).await.unwrap();
    bus.provision::<Mail>().await.unwrap();
    // Good ones among bad ones, one of them the first.
    let mut bad = BTreeMap::new();
    for (place, block) in (1..).zip(BLOCKS) {
        bad.insert(store(&server, &bus, block).await, block);
        bus.publish_all((0..5).map(|number| came(place * 10 + number))).await.unwrap();
    }
    // With the one that a registry listens on.
    let before = connections(&server).await + 1;
    let (sender, mut came_here) = mpsc::unbounded_channel();
    let handler = move |mail: Came, _: Context| {
        let sender = sender.clone();
        async move { Ok(sender.send(mail.number)?) }
    };
    // What is behind a bad one comes again after the ack wait.
    let route = Route::of::<Came>(handler).ack_wait(Duration::from_secs(1));
    let registry = Registry::new("post").route(route);
    let running = registry.start(&bus).await.unwrap();
    let mut numbers = Vec::new();
    for _ in 0..20 {
        numbers.push(soon(came_here.recv()).await.unwrap());
    }
    numbers.sort_unstable();
    let expected: Vec<u64> = (1..=4).flat_map(|place| place * 10..place * 10 + 5).collect();
    assert_eq!(numbers, expected, "each once");
    let letters = eventually(SOON, "four letters", || async {
        let letters = bus.dead_letters("post").list(DeadLetterFilter::all());
        let letters: Vec<_> = letters.map(Result::unwrap).collect().await;
        if letters.len() == bad.len() { Ok(letters) } else { Err(letters) }
    })
    .await;
    for letter in &letters {
        assert_eq!(letter.reason(), &DeadLetterReason::Unreadable);
        let block = bad.remove(&letter.original_sequence().unwrap()).expect("one letter for each");
        assert_eq!(letter.raw_headers().unwrap(), block);
        assert_eq!((letter.subject(), letter.payload().as_ref()), ("mail.ann.came", PAYLOAD));
        assert_eq!((letter.stream(), letter.consumer()), ("MAIL", "post-mail_came"));
    }
    eventually(SOON, "all is settled", || async {
        let state = bus.stream::<Mail>().consumer_state("post-mail_came").await.unwrap();
        if state.ack_pending == 0 && state.pending == 0 { Ok(()) } else { Err(state) }
    })
    .await;
    let lost = connections(&server).await - before;
    assert!((1..=8).contains(&lost), "the connection was lost {lost} times");
    // Nothing comes again, and nothing breaks any more.
    tokio::time::timeout(Duration::from_secs(3), came_here.recv()).await.unwrap_err();
    assert_eq!(connections(&server).await - before, lost);
    let report = running.shutdown().await;
    assert_eq!((report[0].handled, report[0].failed, report[0].undecodable), (20, 0, 4));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_is_told_and_can_settle_it() {
    let server = Server::start().await;
    let bus = Bus::connect(server.url()).await.unwrap();
    bus.provision::<Mail>().await.unwrap();
    bus.publish(&came(1)).await.unwrap();
    store(&server, &bus, BLOCKS[0]).await;
    bus.publish(&came(3)).await.unwrap();
    let mut mail = bus.consume::<Came>("ann").ack_wait(Duration::from_secs(1)).await.unwrap();
    let mut numbers = Vec::new();
    let (mut told, before) = (0, connections(&server).await);
    while numbers.len() < 2 || told == 0 {
        match soon(mail.next()).await.unwrap() {
            Ok(delivery) => {
                numbers.push(delivery.number);
                delivery.ack_confirmed().await.unwrap();
            }
            Err(ReceiveError::Unreadable { stream, sequence, subject, payload, acker }) => {
                assert_eq!((stream.as_str(), sequence), ("MAIL", 2));
                assert_eq!((subject.as_str(), payload.as_ref()), ("mail.ann.came", PAYLOAD));
                acker.unwrap().reject("nobody can read it").await.unwrap();
                told += 1;
            }
            Err(ReceiveError::Connection(_)) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!((numbers.as_slice(), told), ([1, 3].as_slice(), 1));
    tokio::time::timeout(Duration::from_secs(3), mail.next()).await.unwrap_err();
    assert_eq!(connections(&server).await - before, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_names_it_and_ends() {
    let server = Server::start().await;
    let bus = Bus::connect(server.url()).await.unwrap();
    bus.provision::<Mail>().await.unwrap();
    bus.publish(&came(1)).await.unwrap();
    store(&server, &bus, BLOCKS[1]).await;
    bus.publish(&came(3)).await.unwrap();
    let mut past = bus.replay::<Came>(DeliverFrom::Beginning).await.unwrap();
    assert_eq!(soon(past.next()).await.unwrap().unwrap().number, 1);
    let ended = async {
        loop {
            match past.next().await.unwrap() {
                Err(ReceiveError::Connection(_)) => {}
                other => return other,
            }
        }
    };
    let told = tokio::time::timeout(SOON * 6, ended).await.unwrap().map(drop);
    let Err(ReceiveError::Unreadable { stream, sequence, acker, .. }) = told else {
        panic!("{told:?}")
    };
    assert_eq!((stream.as_str(), sequence), ("MAIL", 2));
    assert!(acker.is_none());
    assert!(past.next().await.is_none());
    let mut rest = bus.replay::<Came>(DeliverFrom::Sequence(sequence + 1)).await.unwrap();
    assert_eq!(soon(rest.next()).await.unwrap().unwrap().number, 3);
}

/// Subjects that a server takes as one token between two others, and clients do not: with a white
/// space that is none of ASCII's, and with a byte that is no text.
fn subjects() -> [Vec<u8>; 2] {
    let with = |middle: &[u8]| [b"mail.a".as_slice(), middle, b"n.came"].concat();
    let mut utf8 = [0; 4];
    let space = char::from_u32(0xa0).unwrap().encode_utf8(&mut utf8).as_bytes().to_vec();
    [with(&space), with(&[u8::MAX])]
}

const NO_HEADERS: &[u8] = b"NATS/1.0\r\n\r\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subject_that_no_client_can_read_is_put_aside() {
    let server = Server::start().await;
    let bus = Bus::connect(server.url()).await.unwrap();
    bus.provision::<Mail>().await.unwrap();
    let mut bad = Vec::new();
    for (place, subject) in (1..).zip(subjects()) {
        bad.push(store_on(&server, &bus, &subject, NO_HEADERS).await);
        // It looks like the second, and can be read.
        let lookalike = Came { to: format!("a{}n", char::REPLACEMENT_CHARACTER), number: place };
        bus.publish(&lookalike).await.unwrap();
    }
    // With the one that a registry listens on.
    let before = connections(&server).await + 1;
    let (sender, mut came_here) = mpsc::unbounded_channel();
    let handler = move |mail: Came, _: Context| {
        let sender = sender.clone();
        async move { Ok(sender.send(mail.number)?) }
    };
    let route = Route::of::<Came>(handler).ack_wait(Duration::from_secs(1));
    let running = Registry::new("post").route(route).start(&bus).await.unwrap();
    let mut numbers =
        [soon(came_here.recv()).await.unwrap(), soon(came_here.recv()).await.unwrap()];
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2]);
    let letters = eventually(SOON, "two letters", || async {
        let letters = bus.dead_letters("post").list(DeadLetterFilter::all());
        let letters: Vec<_> = letters.map(Result::unwrap).collect().await;
        if letters.len() == bad.len() { Ok(letters) } else { Err(letters) }
    })
    .await;
    let mut found: Vec<_> =
        letters.iter().map(|letter| letter.original_sequence().unwrap()).collect();
    found.sort_unstable();
    assert_eq!(found, bad);
    for letter in &letters {
        assert_eq!(letter.reason(), &DeadLetterReason::Unreadable);
        assert_eq!(letter.payload().as_ref(), PAYLOAD);
        assert!(letter.error().contains("subject"), "{letter:?}");
        let shown = String::from_utf8_lossy(
            &subjects()[usize::from(letter.original_sequence() != Some(bad[0]))],
        )
        .into_owned();
        assert_eq!(letter.subject(), shown);
    }
    eventually(SOON, "all is settled", || async {
        let state = bus.stream::<Mail>().consumer_state("post-mail_came").await.unwrap();
        if state.ack_pending == 0 && state.pending == 0 { Ok(()) } else { Err(state) }
    })
    .await;
    let lost = connections(&server).await - before;
    assert!((1..=4).contains(&lost), "the connection was lost {lost} times");
    // Put back it would break connections again.
    let report = bus.dead_letters("post").redrive(DeadLetterFilter::all()).await.unwrap();
    assert_eq!((report.redriven, report.failed), (0, 2));
    let report = running.shutdown().await;
    assert_eq!((report[0].handled, report[0].undecodable), (2, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_names_a_subject_that_no_client_can_read() {
    for subject in subjects() {
        let server = Server::start().await;
        let bus = Bus::connect(server.url()).await.unwrap();
        bus.provision::<Mail>().await.unwrap();
        bus.publish(&came(1)).await.unwrap();
        let bad = store_on(&server, &bus, &subject, NO_HEADERS).await;
        let mut past = bus.replay::<Came>(DeliverFrom::Beginning).await.unwrap();
        assert_eq!(soon(past.next()).await.unwrap().unwrap().number, 1);
        let ended = async {
            loop {
                match past.next().await.unwrap() {
                    Err(ReceiveError::Connection(_)) => {}
                    other => return other,
                }
            }
        };
        let told = tokio::time::timeout(SOON * 6, ended).await.unwrap().map(drop);
        let Err(ReceiveError::Unreadable { sequence, .. }) = told else { panic!("{told:?}") };
        assert_eq!(sequence, bad);
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema, Bucket)]
#[bucket(name = "lamps", key = "{room}", history = 3)]
struct Lamp {
    room: String,
    level: u32,
}

/// A value of a bucket that no client can read is told as an error, and all others as they are.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_tells_it_and_all_others() {
    let server = Server::start().await;
    let bus = Bus::connect(server.url()).await.unwrap();
    bus.provision::<Lamp>().await.unwrap();
    let lamps = bus.key_value::<Lamp>();
    lamps.put(&Lamp { room: "hall".into(), level: 1 }).await.unwrap();
    send_raw(&server, b"$KV.lamps.attic", BLOCKS[0]);
    lamps.put(&Lamp { room: "loft".into(), level: 2 }).await.unwrap();
    let attic = LampKey { room: "attic".into() };
    let is_it = |error: &EntryError| matches!(error, EntryError::Unreadable { key, payload, .. } if key == "attic" && payload == PAYLOAD);
    let error = soon(lamps.get(&attic)).await.unwrap_err();
    assert!(matches!(&error, GetError::Entry(error) if is_it(error)), "{error:?}");
    for with_history in [false, true] {
        let watch = if with_history { lamps.watch().with_history() } else { lamps.watch() };
        let mut changes = watch.await.unwrap();
        let (mut rooms, mut told) = (Vec::new(), 0);
        loop {
            match tokio::time::timeout(SOON * 6, changes.next()).await.unwrap().unwrap() {
                Ok(WatchEvent::Put(entry)) => rooms.push(entry.key.room),
                Ok(WatchEvent::Resynchronised) => (rooms, told) = (Vec::new(), 0),
                Ok(WatchEvent::Current) => break,
                Err(WatchError::Entry(error)) if is_it(&error) => told += 1,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!((rooms, told), (vec!["hall".to_owned(), "loft".to_owned()], 1));
    }
    let mut keys = lamps.keys().await.unwrap();
    let mut found = Vec::new();
    while let Some(next) = tokio::time::timeout(SOON * 6, keys.next()).await.unwrap() {
        found.push(next.unwrap().room);
    }
    found.sort();
    assert_eq!(found, ["attic", "hall", "loft"]);
    // It can be removed as any other.
    lamps.purge(&attic).await.unwrap();
    assert_eq!(lamps.get(&attic).await.unwrap(), None);
}
