//! Object stores, large events and schedules, while their server is killed again and again.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tidings::prelude::*;
use tidings::{DeadLetterFilter, ObjectStoreConfig, ScheduleError};
use tidings_tests::{Server, eventually};
use tokio::sync::oneshot;
use tokio::time::sleep;

use crate::{SOON, soon};

/// Time for all of it.
const LONG: Duration = Duration::from_secs(90);

async fn connect(server: &Server) -> Bus {
    let builder = Bus::builder().server(server.url()).ack_timeout(Duration::from_millis(500));
    builder.connect().await.unwrap()
}

/// Kills the server and starts it again, until the work is done.
async fn killed<T>(server: &mut Server, times: usize, work: impl Future<Output = T>) -> T {
    let mut work = std::pin::pin!(tokio::time::timeout(LONG, work));
    let mut early = None;
    for _ in 0..times {
        tokio::select! {
            done = &mut work, if early.is_none() => early = Some(done),
            () = sleep(Duration::from_millis(400)) => {}
        }
        server.kill();
        server.restart().await;
    }
    match early {
        Some(done) => done.unwrap(),
        None => work.await.unwrap(),
    }
}

fn content(number: u32) -> Vec<u8> {
    (0..400_000_u32).map(|at| (at ^ number).to_le_bytes()[0]).collect()
}

/// An upload is made again until it is there; what is there then is whole, and nothing else is left.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn objects_are_there_as_a_whole_whatever_is_killed() {
    let mut server = Server::start().await;
    let bus = connect(&server).await;
    let config = ObjectStoreConfig::new("files").to_stream();
    bus.apply(bus.plan_stream(&config).await.unwrap()).await.unwrap();
    let files = bus.objects("files");
    let work = async {
        for number in 0..40_u32 {
            let name = format!("file {}", number % 8);
            while let Err(error) = files.put(name.as_str(), content(number)).await {
                println!("{name}: {error}");
            }
            // It may be replaced by nobody: it is read as it was put, or not because the server is away.
            let found = loop {
                let read = async {
                    let object = files.get(name.as_str()).await.map_err(|e| e.to_string())?;
                    let object = object.ok_or_else(|| "it is not there".to_owned())?;
                    object.bytes().await.map_err(|error| error.to_string())
                };
                match read.await {
                    Ok(found) => break found,
                    Err(error) => {
                        assert_ne!(error, "it is not there", "{name}");
                        println!("{name}: {error}");
                    }
                }
            };
            assert!(found == content(number), "{name} is another one");
        }
    };
    killed(&mut server, 5, work).await;
    // What cut uploads have left is removed by themselves or by a sweep.
    let stream = async_nats::jetstream::new(server.client().await);
    let stream = stream.get_stream("OBJ_files").await.unwrap();
    eventually(SOON * 2, "eight objects and their chunks", || async {
        files.sweep(Duration::ZERO).await.map_err(|error| error.to_string())?;
        let messages = stream.get_info().await.map_err(|error| error.to_string())?.state.messages;
        // Four chunks each, and a description.
        if messages == 8 * 5 { Ok(()) } else { Err(messages.to_string()) }
    })
    .await;
}

#[derive(EventStream)]
#[stream(name = "SCANS", subjects("scans.>"), large_store)]
struct Scans;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "scans.taken", stream = Scans, large(over = "1KiB"))]
struct Taken {
    #[event(id)]
    number: u32,
    image: String,
}

fn taken(number: u32) -> Taken {
    Taken { number, image: number.to_string().repeat(60_000) }
}

/// Events that were published are handled, with all of their payload; what is swept is nobody's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_events_are_handled_whole_whatever_is_killed() {
    const MANY: u32 = 60;
    let mut server = Server::start().await;
    let (bus, publisher) = (connect(&server).await, connect(&server).await);
    let handled: Arc<Mutex<BTreeMap<u32, u32>>> = Arc::default();
    let writes = Arc::clone(&handled);
    let archive = move |event: Taken, cx: Context| {
        let writes = Arc::clone(&writes);
        async move {
            assert!(event == taken(event.number), "{} is another one", event.number);
            if event.number.is_multiple_of(5) && cx.attempt() == 1 {
                return Err(Failure::retry("not at first"));
            }
            *writes.lock().unwrap().entry(event.number).or_default() += 1;
            Ok(())
        }
    };
    let retry = Retry::fixed(Duration::from_millis(100)).max_attempts(1000);
    let route = Route::of::<Taken>(archive).retry(retry).ack_wait(Duration::from_secs(3));
    let running = Registry::new("archive").route(route).start(&bus).await.unwrap();
    let work = async {
        for number in 0..MANY {
            while let Err(error) = publisher.publish(&taken(number)).await {
                println!("{number}: {error}");
            }
            if number % 10 == 0 {
                println!(
                    "swept: {:?}",
                    publisher.sweep_large::<Scans>().older_than(Duration::from_secs(30)).await
                );
            }
        }
        let all: Vec<u32> = (0..MANY).collect();
        eventually(LONG, "all are handled", || async {
            let done: Vec<u32> = handled.lock().unwrap().keys().copied().collect();
            if done == all { Ok(()) } else { Err(done) }
        })
        .await;
    };
    killed(&mut server, 5, work).await;
    running.shutdown().await;
    let letters = bus.dead_letters("archive").count(DeadLetterFilter::all()).await;
    assert!(!matches!(letters, Ok(1..)), "{letters:?}");
    // All of it can be read again, and none of it is removed.
    let swept = bus.sweep_large::<Scans>().older_than(Duration::ZERO).await.unwrap();
    assert_eq!(swept.kept, u64::from(MANY), "{swept:?}");
    let mut replay = bus.replay::<Taken>(DeliverFrom::Beginning).await.unwrap();
    let mut found = BTreeSet::new();
    while found.len() < MANY as usize {
        let event = soon(replay.next()).await.unwrap().unwrap();
        assert!(*event.event() == taken(event.number));
        assert!(found.insert(event.number), "{} is stored twice", event.number);
    }
}

#[derive(EventStream)]
#[stream(name = "TIMERS", subjects("timers.>"), allow_message_schedules)]
struct Timers;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "timers.due", stream = Timers)]
struct Timer {
    #[event(id)]
    number: u32,
}

/// Schedules that were said to be cancelled do not come, and all else comes, once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn schedules_come_or_are_cancelled_whatever_is_killed() {
    const MANY: u32 = 120;
    let mut server = Server::start().await;
    let bus = connect(&server).await;
    bus.provision::<Timers>().await.unwrap();
    let (tell, told) = oneshot::channel::<BTreeSet<u32>>();
    let counting = tokio::spawn({
        let bus = connect(&server).await;
        async move {
            let mut work = bus.consume::<Timer>("count").await.unwrap();
            let (mut came, mut told, mut last) = (BTreeMap::<u32, u32>::new(), told, None);
            loop {
                tokio::select! {
                    next = work.next() => {
                        let delivery = next.unwrap().unwrap();
                        if delivery.attempt() == 1 {
                            *came.entry(delivery.number).or_default() += 1;
                        }
                        // One whose ack is lost comes again.
                        let _ = delivery.ack().await;
                    }
                    told = &mut told, if last.is_none() => last = Some(told.unwrap()),
                    () = sleep(Duration::from_secs(6)), if last.is_some() => {
                        return (came, last.unwrap_or_default());
                    }
                }
            }
        }
    });
    let work = async {
        let mut cancelled = BTreeSet::new();
        for number in 0..MANY {
            let event = Timer { number };
            let delay = Duration::from_millis(1500);
            let handle = loop {
                match bus.message(&event).delay(delay).schedule().await {
                    Ok(handle) => break Some(handle),
                    Err(error) => println!("{number}: {error}"),
                }
            };
            let Some(handle) = handle else { continue };
            if number % 3 != 0 {
                continue;
            }
            loop {
                match handle.cancel().await {
                    Ok(()) => {
                        cancelled.insert(number);
                        break;
                    }
                    Err(ScheduleError::NotWaiting { .. } | ScheduleError::Came { .. }) => break,
                    Err(error) => println!("cancelling {number}: {error}"),
                }
            }
        }
        cancelled
    };
    let cancelled = killed(&mut server, 6, work).await;
    tell.send(cancelled).unwrap();
    let (came, cancelled) = tokio::time::timeout(LONG, counting).await.unwrap().unwrap();
    assert!(cancelled.len() > 20, "{}", cancelled.len());
    for number in 0..MANY {
        let times = came.get(&number).copied().unwrap_or(0);
        if cancelled.contains(&number) {
            assert_eq!(times, 0, "{number} came, and was told to be cancelled");
        } else if number % 3 != 0 {
            assert!(times >= 1, "{number} never came");
        }
        assert!(times <= 1, "{number} came {times} times");
    }
}
