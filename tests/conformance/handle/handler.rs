//! Promise 3: handlers, wired by the types of their messages.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tidings::prelude::*;
use tokio::sync::{Semaphore, mpsc};

use crate::support::env::{Env, SHORT, never, soon};
use crate::support::message::{
    Check, OutOfStock, ParcelEvent, Region, Seen, Sent, Stock, Switched, sent, switched,
};

scenarios! {
    every_bus:
        types_functions_and_closures_handle,
        the_context_knows_the_message,
        a_context_that_is_kept_is_that_of_its_message,
        concurrency_is_bounded,
        an_enum_is_one_route,
        a_slow_handler_keeps_its_message_with_progress;
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

async fn types_functions_and_closures_handle(env: Env) {
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

async fn the_context_knows_the_message(env: Env) {
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

/// However many messages come after it, and whoever keeps it.
async fn a_context_that_is_kept_is_that_of_its_message(env: Env) {
    const COUNT: u64 = 200;
    let bus = env.bus();
    let (sender, mut seen) = mpsc::unbounded_channel();
    let handler = move |event: Switched, cx: Context| {
        // Of every other message nothing is kept.
        let kept = event.number.is_multiple_of(2).then_some(cx);
        sender.send((event.number, kept)).unwrap();
        std::future::ready(Ok(()))
    };
    let running = Registry::new("shop").handle::<Switched>(handler).start(&bus).await.unwrap();
    for number in 0..COUNT {
        let event = switched(number);
        bus.message(&event).header("number", &number.to_string()).publish().await.unwrap();
    }
    let mut contexts = Vec::new();
    for _ in 0..COUNT {
        contexts.push(soon(seen.recv()).await.unwrap());
    }
    let mut numbers = HashSet::new();
    for (number, cx) in contexts {
        if let Some(cx) = cx {
            assert_eq!(cx.headers().get("number"), Some(&*number.to_string()));
        }
        numbers.insert(number);
    }
    assert_eq!(numbers, (0..COUNT).collect());
    running.shutdown().await;
}

async fn concurrency_is_bounded(env: Env) {
    let bus = env.bus();
    let gate = Arc::new(Semaphore::new(0));
    let (sender, mut begun) = mpsc::unbounded_channel();
    let handler = {
        let gate = Arc::clone(&gate);
        move |event: Sent, _: Context| {
            let (gate, sender) = (Arc::clone(&gate), sender.clone());
            async move {
                sender.send(event.number)?;
                gate.acquire().await?.forget();
                Ok(())
            }
        }
    };
    let route = Route::of::<Sent>(handler).concurrency(4);
    let running = Registry::new("shop").route(route).start(&bus).await.unwrap();
    bus.publish_all((0..40).map(sent)).await.unwrap();
    let mut numbers = HashSet::new();
    for _ in 0..4 {
        numbers.insert(soon(begun.recv()).await.unwrap());
    }
    never(SHORT, begun.recv()).await;
    // One that ends lets one begin.
    for _ in 4..40 {
        gate.add_permits(1);
        numbers.insert(soon(begun.recv()).await.unwrap());
    }
    never(SHORT, begun.recv()).await;
    assert_eq!(numbers, (0..40).collect());
    gate.add_permits(4);
    assert_eq!(running.shutdown().await[0].handled, 40);
}

async fn an_enum_is_one_route(env: Env) {
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

/// A handler that takes twice its ack wait, and says that it goes on.
async fn a_slow_handler_keeps_its_message_with_progress(env: Env) {
    const ACK_WAIT: Duration = Duration::from_secs(2);
    let bus = env.bus();
    let (sender, mut ends) = mpsc::unbounded_channel();
    let handler = move |_: Sent, cx: Context| {
        let sender = sender.clone();
        async move {
            for _ in 0..10 {
                tokio::time::sleep(ACK_WAIT / 5).await;
                cx.progress().await?;
            }
            Ok(sender.send(cx.attempt())?)
        }
    };
    let route = Route::of::<Sent>(handler).ack_wait(ACK_WAIT);
    let running = Registry::new("shop").route(route).start(&bus).await.unwrap();
    bus.publish(&sent(1)).await.unwrap();
    assert_eq!(soon(ends.recv()).await, Some(1), "its first and only delivery");
    never(ACK_WAIT + SHORT, ends.recv()).await;
    let report = running.shutdown().await.remove(0);
    assert_eq!((report.handled, report.failed, report.aborted), (1, 0, 0));
}
