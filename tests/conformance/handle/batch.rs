//! Batches: many events at once, each settled by itself.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tidings::prelude::*;
use tidings::{Batch, PublishAck, RouteReport, Running, ServeError};
use tokio::sync::mpsc;

use crate::support::env::{Env, SHORT, never, soon};
use crate::support::message::{Parcels, Region, Seen, Sent, Switched, sent, switched};

scenarios! {
    every_bus:
        a_batch_is_what_came_in_order,
        a_batch_does_not_wait_for_ever,
        each_event_of_a_batch_is_settled_by_itself,
        the_error_of_a_batch_is_that_of_all_that_were_not_marked,
        a_panic_and_a_deadline_fail_a_whole_batch,
        what_a_batch_publishes_for_an_event_is_stored_once,
        a_shutdown_handles_no_half_batch_twice,
        events_without_a_stream_come_in_batches,
        bad_batches_are_refused;
}

/// The number and the attempt of each event of a batch.
type Numbers = Vec<(u64, u64)>;

fn numbers(batch: &Batch<Sent>) -> Numbers {
    batch.iter().map(|sent| (sent.number, sent.context().attempt())).collect()
}

/// Serves a route of batches that tells of each and ends it in this way.
async fn serve(
    bus: &Bus,
    options: impl FnOnce(Route<Batch<Sent>>) -> Route<Batch<Sent>>,
    end: impl Fn(&Batch<Sent>) -> Result<(), Failure> + Send + Sync + 'static,
) -> (Running, mpsc::UnboundedReceiver<Numbers>) {
    let (sender, batches) = mpsc::unbounded_channel();
    let handler = move |batch: Batch<Sent>, _: Context| {
        sender.send(numbers(&batch)).unwrap();
        let ended = end(&batch);
        async move { ended }
    };
    let route = options(Route::of::<Batch<Sent>>(handler).retry(Retry::fixed(SHORT)));
    let running = Registry::new("shop").route(route).start(bus).await.unwrap();
    (running, batches)
}

/// Number of messages that are left unsettled once a registry has ended, and the report of its
/// route.
async fn left(bus: &Bus, running: Running) -> (u64, RouteReport) {
    let report = soon(running.shutdown()).await.remove(0);
    let state = bus.stream::<Parcels>().consumer_state("shop-parcels_sent").await.unwrap();
    (state.ack_pending + state.pending, report)
}

async fn a_batch_is_what_came_in_order(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    bus.publish_all((1..=25).map(sent)).await.unwrap();
    let (running, mut batches) =
        serve(&bus, |route| route.max_size(10).max_wait(SHORT), |_| Ok(())).await;
    let mut all = Vec::new();
    while all.len() < 25 {
        let batch = soon(batches.recv()).await.unwrap();
        assert!(batch.len() <= 10, "{batch:?}");
        all.extend(batch);
    }
    assert_eq!(all, (1..=25).map(|number| (number, 1)).collect::<Vec<_>>());
    let (left, report) = left(&bus, running).await;
    assert_eq!((left, report.handled), (0, 25));
}

async fn a_batch_does_not_wait_for_ever(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    let (running, mut batches) =
        serve(&bus, |route| route.max_size(1000).max_wait(SHORT), |_| Ok(())).await;
    bus.publish(&sent(1)).await.unwrap();
    assert_eq!(soon(batches.recv()).await.unwrap(), [(1, 1)]);
    let (left, report) = left(&bus, running).await;
    assert_eq!((left, report.handled), (0, 1));
}

async fn each_event_of_a_batch_is_settled_by_itself(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    bus.publish_all((1..=4).map(sent)).await.unwrap();
    let end = |batch: &Batch<Sent>| {
        for sent in batch {
            match (sent.number, sent.context().attempt()) {
                (2, 1) => sent.fail(Failure::retry("not yet")),
                (3, _) => sent.fail(Failure::reject("never")),
                _ => {}
            }
        }
        Ok(())
    };
    let (running, mut batches) = serve(&bus, |route| route.max_size(4).max_wait(SHORT), end).await;
    let first = soon(batches.recv()).await.unwrap();
    assert_eq!(first, [(1, 1), (2, 1), (3, 1), (4, 1)]);
    assert_eq!(soon(batches.recv()).await.unwrap(), [(2, 2)], "only what failed comes again");
    never(SHORT * 3, batches.recv()).await;
    let (left, report) = left(&bus, running).await;
    let counts = (report.handled, report.failed, report.rejected, report.dead_lettered);
    assert_eq!((left, counts), (0, (3, 1, 1, 1)));
}

async fn the_error_of_a_batch_is_that_of_all_that_were_not_marked(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    bus.publish_all((1..=3).map(sent)).await.unwrap();
    let end = |batch: &Batch<Sent>| {
        let first = batch.iter().next().expect("a batch is never empty");
        if first.context().attempt() > 1 {
            return Ok(());
        }
        first.done();
        Err(Failure::retry("the database is away"))
    };
    let (running, mut batches) = serve(&bus, |route| route.max_size(3).max_wait(SHORT), end).await;
    assert_eq!(soon(batches.recv()).await.unwrap(), [(1, 1), (2, 1), (3, 1)]);
    let mut again = Vec::new();
    while again.len() < 2 {
        again.extend(soon(batches.recv()).await.unwrap());
    }
    again.sort_unstable();
    assert_eq!(again, [(2, 2), (3, 2)], "the first was done");
    never(SHORT * 2, batches.recv()).await;
    assert_eq!(left(&bus, running).await.0, 0);
}

async fn a_panic_and_a_deadline_fail_a_whole_batch(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    bus.publish_all((1..=2).map(sent)).await.unwrap();
    let (sender, mut batches) = mpsc::unbounded_channel();
    let handler = move |batch: Batch<Sent>, _: Context| {
        let attempt = batch.iter().map(|sent| sent.context().attempt()).max();
        sender.send(numbers(&batch)).unwrap();
        async move {
            match attempt {
                Some(1) => panic!("boom"),
                Some(2) => std::future::pending().await,
                _ => Ok(()),
            }
        }
    };
    let route = Route::of::<Batch<Sent>>(handler)
        .max_size(2)
        .max_wait(SHORT)
        .deadline(SHORT)
        .retry(Retry::fixed(Duration::ZERO));
    let running = Registry::new("shop").route(route).start(&bus).await.unwrap();
    let mut attempts = BTreeMap::new();
    while attempts.values().filter(|attempt| **attempt == 3).count() < 2 {
        attempts.extend(soon(batches.recv()).await.unwrap());
    }
    let (left, report) = left(&bus, running).await;
    assert_eq!(
        (left, report.handled, report.panicked >= 1, report.overdue >= 1),
        (0, 2, true, true)
    );
}

async fn what_a_batch_publishes_for_an_event_is_stored_once(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    bus.publish_all((1..=3).map(sent)).await.unwrap();
    let acks = Arc::new(Mutex::new(Vec::<(u64, PublishAck)>::new()));
    let (sender, mut done) = mpsc::unbounded_channel();
    let handler = {
        let acks = Arc::clone(&acks);
        move |batch: Batch<Sent>, _: Context| {
            let (acks, sender) = (Arc::clone(&acks), sender.clone());
            async move {
                let mut attempts = 0;
                for sent in batch {
                    let seen = Seen { number: sent.number, region: Region::Eu };
                    attempts = attempts.max(sent.context().attempt());
                    let ack = sent.context().publish(&seen).await?;
                    acks.lock().unwrap().push((seen.number, ack));
                }
                if attempts == 1 {
                    return Err(Failure::retry_after(Duration::ZERO, "once more"));
                }
                sender.send(())?;
                Ok(())
            }
        }
    };
    // One after the other: the second run has other batches than the first.
    let route = Route::of::<Batch<Sent>>(handler).max_size(3).max_wait(SHORT);
    let running = Registry::new("shop").route(route).start(&bus).await.unwrap();
    soon(done.recv()).await.unwrap();
    soon(running.shutdown()).await;
    let mut sequences = BTreeMap::<u64, Vec<u64>>::new();
    for (number, ack) in acks.lock().unwrap().iter() {
        sequences.entry(*number).or_default().push(ack.sequence);
    }
    for (number, sequences) in sequences {
        let first = sequences[0];
        assert!(sequences.iter().all(|sequence| *sequence == first), "{number}: {sequences:?}");
    }
}

async fn a_shutdown_handles_no_half_batch_twice(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    bus.publish_all((1..=5).map(sent)).await.unwrap();
    // A batch that would wait for more for an hour.
    let wait = Duration::from_secs(3600);
    let (running, mut batches) =
        serve(&bus, |route| route.max_size(3).max_wait(wait), |_| Ok(())).await;
    assert_eq!(soon(batches.recv()).await.unwrap(), [(1, 1), (2, 1), (3, 1)]);
    let report = soon(running.shutdown()).await.remove(0);
    let mut rest = bus.consume::<Sent>("shop-parcels_sent").await.unwrap();
    let mut numbers: Vec<u64> = Vec::new();
    while numbers.len() < 5 - usize::try_from(report.handled).unwrap() {
        let delivery = soon(rest.next()).await.unwrap().unwrap();
        numbers.push(delivery.number);
        delivery.ack().await.unwrap();
    }
    numbers.sort_unstable();
    assert_eq!((report.handled, numbers), (3, vec![4, 5]), "they go to another, at once");
    never(SHORT, rest.next()).await;
}

async fn events_without_a_stream_come_in_batches(env: Env) {
    let bus = env.bus();
    let (sender, mut batches) = mpsc::unbounded_channel();
    let handler = move |batch: Batch<Switched>, _: Context| {
        let numbers: Vec<u64> = batch.iter().map(|switched| switched.number).collect();
        std::future::ready(sender.send(numbers).map_err(Failure::from))
    };
    let route = Route::of::<Batch<Switched>>(handler).max_size(4).max_wait(SHORT);
    let running = Registry::new("shop").route(route).start(&bus).await.unwrap();
    bus.publish_all((1..=6).map(switched)).await.unwrap();
    let mut all = Vec::new();
    while all.len() < 6 {
        let batch = soon(batches.recv()).await.unwrap();
        assert!(batch.len() <= 4, "{batch:?}");
        all.extend(batch);
    }
    assert_eq!(all, [1, 2, 3, 4, 5, 6]);
    soon(running.shutdown()).await;
}

async fn bad_batches_are_refused(env: Env) {
    let bus = env.bus();
    let ignore = |_: Batch<Sent>, _: Context| async { Ok(()) };
    let route = || Route::of::<Batch<Sent>>(ignore);
    for (route, said, value) in [
        (route().max_size(0), "max_size", "0 would handle nothing"),
        (route().max_size(200).max_ack_pending(150), "max_size", "200 is more than the 150"),
        (route().max_size(10).concurrency(2).prefetch(21), "prefetch", "21 is more than the 20"),
    ] {
        let error = Registry::new("shop").route(route).start(&bus).await.unwrap_err();
        let ServeError::Option { message, option, problem } = error else { panic!("{error}") };
        assert_eq!((message.as_str(), option), ("parcels.sent", said));
        assert!(problem.starts_with(value), "{problem}");
    }
}
