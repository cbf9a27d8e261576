//! Promise 5: order, of a subject and of a key.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use tidings::prelude::*;
use tokio::sync::{Barrier, Notify, mpsc};

use crate::support::env::{Env, SHORT, never, next, soon};
use crate::support::message::{Parcels, Region, Sent, sent};

scenarios! {
    also_on_threads:
        each_subject_keeps_its_order,
        each_key_keeps_its_order_and_runs_beside_the_others,
        a_message_whose_key_panics_is_handled_like_any_other,
        a_key_whose_handler_hangs_does_not_stop_the_others;
}

/// Two publishers at once, each with a subject of its own.
async fn each_subject_keeps_its_order(env: Env) {
    const OF_EACH: u64 = 500;
    let bus = env.bus_with::<Parcels>().await;
    let mut live = bus.subscribe::<Sent>().await.unwrap();
    let publishing = [(Region::Eu, 0), (Region::Us, OF_EACH)].map(|(region, first)| {
        let bus = bus.clone();
        tokio::spawn(async move {
            for number in first..first + OF_EACH {
                bus.publish(&Sent::new(number, region)).await.unwrap();
            }
        })
    });
    for publisher in publishing {
        publisher.await.unwrap();
    }
    let mut stored = bus.replay::<Sent>(DeliverFrom::Beginning).await.unwrap();
    let mut work = bus.consume::<Sent>("billing").await.unwrap();
    let mut last = [HashMap::new(), HashMap::new(), HashMap::new()];
    for sequence in 1..=2 * OF_EACH {
        let (live, stored) = (next(&mut live).await, next(&mut stored).await);
        let work = next(&mut work).await;
        assert_eq!((stored.sequence(), work.sequence()), (sequence, sequence));
        for (last, event) in last.iter_mut().zip([&*live, &*stored, &*work]) {
            let place = last.entry(event.region as u8).or_insert(event.number % OF_EACH);
            assert_eq!(*place, event.number % OF_EACH, "{event:?}");
            *place += 1;
        }
        work.ack().await.unwrap();
    }
}

/// Five keys, of which one handler each must be at work at a time for any to go on.
async fn each_key_keeps_its_order_and_runs_beside_the_others(env: Env) {
    const KEYS: u64 = 5;
    let bus = env.bus();
    let together = Arc::new(Barrier::new(usize::try_from(KEYS).unwrap()));
    let busy = Arc::new(Mutex::new(HashSet::new()));
    let (sender, mut done) = mpsc::unbounded_channel();
    let handler = move |event: Sent, _: Context| {
        let (together, busy) = (Arc::clone(&together), Arc::clone(&busy));
        let sender = sender.clone();
        async move {
            let key = event.number % KEYS;
            let alone = busy.lock().unwrap().insert(key);
            together.wait().await;
            busy.lock().unwrap().remove(&key);
            Ok(sender.send((event.number, alone))?)
        }
    };
    let route = Route::of::<Sent>(handler).concurrency(15).keyed_by(|event| event.number % KEYS);
    let running = Registry::new("shop").route(route).start(&bus).await.unwrap();
    bus.publish_all((0..200).map(sent)).await.unwrap();
    let mut of_key: HashMap<u64, Vec<u64>> = HashMap::new();
    for _ in 0..200 {
        let (number, alone) = soon(done.recv()).await.unwrap();
        assert!(alone, "two of one key at a time");
        of_key.entry(number % KEYS).or_default().push(number);
    }
    for (key, numbers) in of_key {
        assert_eq!(numbers, (0..40).map(|round| round * KEYS + key).collect::<Vec<_>>());
    }
    assert_eq!(running.shutdown().await[0].handled, 200);
}

async fn a_message_whose_key_panics_is_handled_like_any_other(env: Env) {
    let bus = env.bus();
    let (sender, mut done) = mpsc::unbounded_channel();
    let handler = move |event: Sent, _: Context| {
        std::future::ready(sender.send(event.number).map_err(Failure::from))
    };
    let route = Route::of::<Sent>(handler).keyed_by(|event| {
        assert_ne!(event.number % 3, 0, "a deliberate panic");
        event.number % 2
    });
    let running = Registry::new("shop").route(route).start(&bus).await.unwrap();
    bus.publish_all((1..=10).map(sent)).await.unwrap();
    let mut numbers = Vec::new();
    for _ in 0..10 {
        numbers.push(soon(done.recv()).await.unwrap());
    }
    never(SHORT, done.recv()).await;
    let odd: Vec<_> = numbers.iter().copied().filter(|n| n % 2 == 1 && n % 3 != 0).collect();
    assert_eq!(odd, [1, 5, 7], "the others keep their order");
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=10).collect::<Vec<_>>());
    let report = running.shutdown().await.remove(0);
    assert_eq!((report.handled, report.panicked, report.failed), (10, 0, 0));
}

async fn a_key_whose_handler_hangs_does_not_stop_the_others(env: Env) {
    let bus = env.bus();
    let go_on = Arc::new(Notify::new());
    let (sender, mut done) = mpsc::unbounded_channel();
    let handler = {
        let go_on = Arc::clone(&go_on);
        move |event: Sent, _: Context| {
            let (go_on, sender) = (Arc::clone(&go_on), sender.clone());
            async move {
                if event.number == 0 {
                    go_on.notified().await;
                }
                Ok(sender.send(event.number)?)
            }
        }
    };
    // Three of the key that hangs, the first and two behind it, and many of the others.
    let key = |event: &Sent| if event.number < 3 { 0 } else { event.number % 7 + 1 };
    let route = Route::of::<Sent>(handler).concurrency(6).keyed_by(key);
    let running = Registry::new("shop").route(route).start(&bus).await.unwrap();
    bus.publish_all((0..100).map(sent)).await.unwrap();
    let mut others = HashSet::new();
    for _ in 3..100 {
        assert!(others.insert(soon(done.recv()).await.unwrap()));
    }
    assert_eq!(others, (3..100).collect());
    never(SHORT, done.recv()).await;
    go_on.notify_one();
    for number in 0..3 {
        assert_eq!(soon(done.recv()).await, Some(number), "in their order");
    }
    assert_eq!(running.shutdown().await[0].handled, 100);
}
