//! Promise 3: handlers, wired by the types of their messages.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tidings::prelude::*;
use tidings::{From, RouteReport, ServeError, Stored, Subscription};
use tokio::sync::mpsc;

use crate::env::{Env, never, soon};
use crate::message::{
    Check, Find, NotSent, OutOfStock, ParcelEvent, Parcels, Region, Seen, Sent, Stock, Switched,
    sent, switched,
};

const SHORT: Duration = Duration::from_millis(200);

fn retry() -> Retry {
    Retry::fixed(SHORT)
}

struct Recorder(mpsc::UnboundedSender<u64>);

impl Handler<Switched> for Recorder {
    async fn handle(&self, event: Switched, _cx: Context) -> Result<(), Failure> {
        Ok(self.0.send(event.number)?)
    }
}

impl Handler<Sent> for Recorder {
    async fn handle(&self, event: Sent, _cx: Context) -> Result<(), Failure> {
        Ok(self.0.send(event.number)?)
    }
}

async fn answer(ask: Check, _cx: Context) -> Result<Stock, OutOfStock> {
    Ok(Stock { available: ask.quantity })
}

pub(crate) async fn types_functions_and_closures_handle(env: Env) {
    let bus = env.bus();
    let (sender, mut numbers) = mpsc::unbounded_channel();
    let closure_sender = sender.clone();
    let closure = move |event: Seen, _: Context| {
        let sender = closure_sender.clone();
        async move { Ok(sender.send(event.number)?) }
    };
    let running = Registry::new("shop")
        .version("1.2.3")
        .handle::<Switched>(Recorder(sender.clone()))
        .handle::<Sent>(Recorder(sender))
        .handle::<Seen>(closure)
        .handle::<Check>(answer)
        .start(&bus)
        .await
        .unwrap();
    bus.publish(&switched(1)).await.unwrap();
    assert_eq!(soon(numbers.recv()).await, Some(1));
    bus.publish(&sent(2)).await.unwrap();
    assert_eq!(soon(numbers.recv()).await, Some(2));
    bus.publish(&Seen { number: 3, region: Region::Eu }).await.unwrap();
    assert_eq!(soon(numbers.recv()).await, Some(3));
    assert_eq!(bus.request(&Check { quantity: 4 }).await.unwrap(), Stock { available: 4 });
    let report = running.shutdown().await;
    let handled: Vec<_> = report.iter().map(|r| (r.message.as_str(), r.handled)).collect();
    let each = ["lamps.switched", "parcels.sent", "parcels.seen", "stock.check"];
    assert_eq!(handled, each.map(|message| (message, 1)));
}

pub(crate) async fn acked_only_after_ok(env: Env) {
    let bus = env.bus();
    let (begun, mut begins) = mpsc::unbounded_channel();
    let handler = move |_: Sent, cx: Context| {
        let begun = begun.clone();
        async move {
            begun.send(cx.attempt())?;
            // Never ends: the process "dies" while it works.
            std::future::pending::<Result<(), Failure>>().await
        }
    };
    let hung = Registry::new("shop")
        .route(Route::of::<Sent>(handler).ack_wait(Duration::from_secs(1)))
        .start(&bus)
        .await
        .unwrap();
    bus.publish(&sent(1)).await.unwrap();
    assert_eq!(soon(begins.recv()).await, Some(1));
    // Not acked, so it comes again, to another instance too.
    let (sender, mut numbers) = mpsc::unbounded_channel();
    let other = Registry::new("shop")
        .route(Route::of::<Sent>(Recorder(sender)).ack_wait(Duration::from_secs(1)))
        .start(&env.another_bus().await)
        .await
        .unwrap();
    drop(hung);
    assert_eq!(soon(numbers.recv()).await, Some(1));
    other.shutdown().await;
}

/// Runs a handler of `Sent` that says what to do at each attempt, until it is done with all.
async fn attempts(
    env: &Env,
    numbers: impl IntoIterator<Item = u64>,
    each: impl Fn(u64, u64) -> Result<(), Failure> + Send + Sync + 'static,
) -> (Vec<(u64, u64)>, RouteReport) {
    let bus = env.bus();
    let (sender, mut seen) = mpsc::unbounded_channel();
    let handler = move |event: Sent, cx: Context| {
        sender.send((event.number, cx.attempt())).unwrap();
        let result = each(event.number, cx.attempt());
        async move { result }
    };
    let route = Route::of::<Sent>(handler).retry(retry()).concurrency(1);
    let running = Registry::new("shop").route(route).start(&bus).await.unwrap();
    for number in numbers {
        bus.publish(&sent(number)).await.unwrap();
    }
    let mut all = Vec::new();
    while let Ok(Some(attempt)) = tokio::time::timeout(SHORT * 4, seen.recv()).await {
        all.push(attempt);
    }
    (all, running.shutdown().await.remove(0))
}

pub(crate) async fn an_error_is_a_retry(env: Env) {
    let (attempts, report) = attempts(&env, [1, 2], |number, attempt| match (number, attempt) {
        (1, 1..=3) => Err(Failure::retry("not yet")),
        (2, 1) => Err(std::io::Error::other("a plain error"))?,
        _ => Ok(()),
    })
    .await;
    let of = |number| attempts.iter().filter(|a| a.0 == number).map(|a| a.1).collect::<Vec<_>>();
    assert_eq!(of(1), [1, 2, 3, 4]);
    assert_eq!(of(2), [1, 2]);
    assert_eq!((report.handled, report.failed, report.rejected), (2, 4, 0));
}

pub(crate) async fn a_panic_is_a_retry_and_others_go_on(env: Env) {
    let (attempts, report) = attempts(&env, 1..=3, |number, attempt| {
        assert!(number != 2 || attempt > 2, "a deliberate panic");
        Ok(())
    })
    .await;
    let of = |number| attempts.iter().filter(|a| a.0 == number).count();
    assert_eq!((of(1), of(2), of(3)), (1, 3, 1));
    assert_eq!((report.handled, report.failed, report.panicked), (3, 2, 2));
}

pub(crate) async fn reject_and_undecodable_end_a_message(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    bus.publish(&NotSent { region: Region::Eu, nonsense: true }).await.unwrap();
    let (attempts, report) = attempts(&env, [1, 2], |number, _| {
        if number == 1 { Err(Failure::reject("no such parcel")) } else { Ok(()) }
    })
    .await;
    assert_eq!(attempts, [(1, 1), (2, 1)], "neither comes again");
    assert_eq!((report.handled, report.rejected, report.undecodable), (1, 1, 1));
}

pub(crate) async fn the_context_knows_the_message(env: Env) {
    let bus = env.bus();
    let (sender, mut seen) = mpsc::unbounded_channel();
    let handler = move |_: Sent, cx: Context| {
        sender.send(cx).unwrap();
        std::future::ready(Ok(()))
    };
    let running = Registry::new("shop").handle::<Sent>(handler).start(&bus).await.unwrap();
    let event = Sent::new(5, Region::Us);
    let ack = bus.message(&event).header("tenant", "acme").publish().await.unwrap();
    let cx = soon(seen.recv()).await.unwrap();
    assert_eq!(cx.subject(), "parcels.us.sent");
    assert_eq!(cx.tokens::<Sent>().unwrap().region, Region::Us);
    assert_eq!(cx.headers().get("tenant"), Some("acme"));
    assert_eq!(cx.message_id(), Some("parcels.sent/5"));
    assert_eq!((cx.stream(), cx.sequence()), (Some("PARCELS"), Some(ack.sequence)));
    assert_eq!(cx.attempt(), 1);
    assert!(cx.stored_at().is_some());
    running.shutdown().await;
}

pub(crate) async fn what_a_handler_publishes_twice_is_stored_once(env: Env) {
    let bus = env.bus();
    // The first run publishes and then fails; the second repeats the same ids.
    let handler = move |event: Sent, cx: Context| async move {
        for _ in 0..2 {
            cx.publish(&Seen { number: event.number, region: event.region }).await?;
        }
        if cx.attempt() == 1 { Err(Failure::retry("after publishing")) } else { Ok(()) }
    };
    let route = Route::of::<Sent>(handler).retry(retry());
    let running = Registry::new("shop").route(route).start(&bus).await.unwrap();
    let event = sent(1);
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    bus.message(&event).header("traceparent", trace).publish().await.unwrap();
    tidings_tests::eventually(Duration::from_secs(10), "the second run", || async {
        running.report()[0].handled == 1
    })
    .await;
    running.shutdown().await;
    let mut stored: Subscription<Seen, Stored> = bus.replay(From::Beginning).await.unwrap();
    for _ in 0..2 {
        let seen = soon(stored.next()).await.unwrap().unwrap();
        assert_eq!(seen.headers().get("traceparent"), Some(trace), "the same trace");
    }
    never(SHORT, stored.next()).await;
}

pub(crate) async fn concurrency_is_bounded(env: Env) {
    let bus = env.bus();
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (sender, mut done) = mpsc::unbounded_channel();
    let handler = {
        let (now, most) = (Arc::clone(&now), Arc::clone(&most));
        move |_: Sent, _: Context| {
            let (now, most, sender) = (Arc::clone(&now), Arc::clone(&most), sender.clone());
            async move {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(20)).await;
                now.fetch_sub(1, Ordering::SeqCst);
                Ok(sender.send(())?)
            }
        }
    };
    let route = Route::of::<Sent>(handler).concurrency(4);
    let running = Registry::new("shop").route(route).start(&bus).await.unwrap();
    bus.publish_all((0..40).map(sent)).await.unwrap();
    for _ in 0..40 {
        soon(done.recv()).await.unwrap();
    }
    assert_eq!(most.load(Ordering::SeqCst), 4);
    running.shutdown().await;
}

/// Counts which instance handled what.
#[derive(Clone, Default)]
struct Ledger(Arc<Mutex<HashMap<u64, Vec<&'static str>>>>);

impl Ledger {
    fn handler(&self, instance: &'static str) -> impl Handler<Sent> {
        let ledger = self.clone();
        move |event: Sent, _: Context| {
            ledger.0.lock().unwrap().entry(event.number).or_default().push(instance);
            std::future::ready(Ok(()))
        }
    }

    async fn wait_for(&self, entries: usize) {
        tidings_tests::eventually(Duration::from_secs(10), "all to be handled", || async {
            self.0.lock().unwrap().values().map(Vec::len).sum::<usize>() >= entries
        })
        .await;
    }
}

pub(crate) async fn two_registries_of_one_name_share(env: Env) {
    let ledger = Ledger::default();
    let mut running = Vec::new();
    for instance in ["a", "b"] {
        let route = Route::of::<Sent>(ledger.handler(instance)).concurrency(1);
        let bus = env.another_bus().await;
        running.push(Registry::new("shop").route(route).start(&bus).await.unwrap());
    }
    env.bus().publish_all((0..200).map(sent)).await.unwrap();
    ledger.wait_for(200).await;
    tokio::time::sleep(SHORT).await;
    let entries = ledger.0.lock().unwrap().clone();
    assert!(entries.values().all(|instances| instances.len() == 1), "each once");
    for instance in ["a", "b"] {
        assert!(entries.values().any(|by| by[0] == instance), "{instance} worked");
    }
    for registry in running {
        registry.shutdown().await;
    }
}

pub(crate) async fn two_registries_of_two_names_each_get_all(env: Env) {
    let ledger = Ledger::default();
    let mut running = Vec::new();
    for name in ["billing", "shipping"] {
        let registry = Registry::new(name).handle::<Sent>(ledger.handler(name));
        running.push(registry.start(&env.bus()).await.unwrap());
    }
    env.bus().publish_all((0..50).map(sent)).await.unwrap();
    ledger.wait_for(100).await;
    for by in ledger.0.lock().unwrap().values_mut() {
        by.sort_unstable();
        assert_eq!(*by, ["billing", "shipping"]);
    }
    for registry in running {
        registry.shutdown().await;
    }
}

pub(crate) async fn an_enum_is_one_route(env: Env) {
    let bus = env.bus();
    let (sender, mut events) = mpsc::unbounded_channel();
    let handler = move |event: ParcelEvent, _: Context| {
        sender.send(event).unwrap();
        std::future::ready(Ok(()))
    };
    let route = Route::of::<ParcelEvent>(handler).concurrency(1);
    let running = Registry::new("shop").route(route).start(&bus).await.unwrap();
    let seen = Seen { number: 2, region: Region::Us };
    bus.publish(&sent(1)).await.unwrap();
    bus.publish(&seen).await.unwrap();
    // One durable consumer with two filters: in the order of the stream.
    assert_eq!(soon(events.recv()).await, Some(ParcelEvent::Sent(sent(1))));
    assert_eq!(soon(events.recv()).await, Some(ParcelEvent::Seen(seen)));
    running.shutdown().await;
}

pub(crate) async fn streams_and_consumers_are_created_by_name(env: Env) {
    let bus = env.bus();
    let (sender, mut numbers) = mpsc::unbounded_channel();
    let start = || Registry::new("shop").handle::<Sent>(Recorder(sender.clone())).start(&bus);
    start().await.unwrap().shutdown().await;
    bus.publish(&sent(1)).await.unwrap();
    // A name without the Rust type's: renaming the type keeps the consumer's place.
    let mut by_hand = bus.consume::<Sent>("shop-parcels_sent").await.unwrap();
    soon(by_hand.next()).await.unwrap().unwrap().ack_confirmed().await.unwrap();
    drop(by_hand);
    bus.publish(&sent(2)).await.unwrap();
    let running = start().await.unwrap();
    assert_eq!(soon(numbers.recv()).await, Some(2));
    running.shutdown().await;
}

pub(crate) async fn bad_registries_are_refused(env: Env) {
    #[derive(Debug, Event)]
    enum Unnamed {
        Sent(Sent),
        Seen(Seen),
    }
    let bus = env.bus();
    let (sender, _numbers) = mpsc::unbounded_channel();
    let recorder = || Recorder(sender.clone());
    let start = |registry: Registry| {
        let bus = bus.clone();
        async move { registry.start(&bus).await.map(drop).unwrap_err() }
    };
    for name in ["", "my shop", "a.b", "é"] {
        let error = start(Registry::new(name).handle::<Sent>(recorder())).await;
        assert!(matches!(&error, ServeError::Name { name: said } if said == name), "{error:?}");
    }
    let error = start(Registry::new("shop").version("1").handle::<Sent>(recorder())).await;
    assert!(matches!(error, ServeError::Version { .. }), "{error:?}");
    let error = start(Registry::new("shop")).await;
    assert!(matches!(error, ServeError::Empty { .. }), "{error:?}");
    let twice = Registry::new("shop").handle::<Sent>(recorder()).handle::<Sent>(recorder());
    let error = start(twice).await;
    assert!(error.to_string().contains("shop-parcels_sent"), "{error}");
    let misplaced = [
        (Registry::new("shop").route(Route::of::<Check>(answer).retry(retry())), "retry"),
        (Registry::new("shop").route(Route::of::<Switched>(recorder()).durable("d")), "durable"),
        (
            Registry::new("shop").route(Route::of::<Sent>(recorder()).queue_group("g")),
            "queue_group",
        ),
        (Registry::new("shop").route(Route::of::<Sent>(recorder()).concurrency(0)), "concurrency"),
    ];
    for (registry, misplaced) in misplaced {
        let error = start(registry).await;
        assert!(
            matches!(&error, ServeError::Option { option, .. } if *option == misplaced),
            "{error:?}"
        );
    }
    let find = |_: Find, _: Context| async { Ok(String::new()) };
    let error = start(Registry::new("shop").handle::<Find>(find).handle::<Sent>(recorder())).await;
    assert!(
        matches!(&error, ServeError::RequestInStream { stream: "PARCELS", .. }),
        "the stream would answer in the handler's stead: {error:?}"
    );
    let ignore = |event: Unnamed, _: Context| {
        drop(event);
        std::future::ready(Ok(()))
    };
    let error = start(Registry::new("shop").handle::<Unnamed>(ignore)).await;
    assert!(matches!(error, ServeError::Unnamed { .. }), "{error:?}");
    let named = Route::of::<Unnamed>(ignore).durable("everything");
    Registry::new("shop").route(named).start(&bus).await.unwrap().shutdown().await;
}
