//! Correlation and causation: what came of what, told by the ids that messages carry on.

use tidings::prelude::*;
use tokio::sync::mpsc;

use crate::support::env::{Env, soon};

scenarios! {
    every_bus:
        follow_ups_carry_ids_on,
        a_first_message_can_say_its_own,
        what_was_put_back_is_what_it_was,
        an_id_that_no_header_can_hold_is_refused;
}

#[derive(EventStream)]
#[stream(name = "CHAINS", subjects("chains.>"))]
struct Chains;

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "chains.first", stream = Chains)]
struct First {
    #[event(id)]
    number: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "chains.second", stream = Chains)]
struct Second {
    number: u64,
}

/// An event without a stream, and so without an id.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "links.third")]
struct Third {
    number: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Request)]
#[request(subject = "links.ask", reply = u64)]
struct Ask {
    number: u64,
}

/// Facts that a handler knows of its message: which one it is, its own id, and the two others.
type Seen = (&'static str, Option<String>, Option<String>, Option<String>);

fn seen(what: &'static str, cx: &Context) -> Seen {
    let owned = |id: Option<&str>| id.map(str::to_owned);
    (what, owned(cx.message_id()), owned(cx.correlation_id()), owned(cx.causation_id()))
}

async fn chain(bus: &Bus) -> (tidings::Running, mpsc::UnboundedReceiver<Seen>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let tell = move |what, cx: &Context| drop(sender.send(seen(what, cx)));
    let (of_first, of_second, of_third, of_ask) = (tell.clone(), tell.clone(), tell.clone(), tell);
    let first = move |event: First, cx: Context| {
        of_first("first", &cx);
        async move {
            cx.publish(&Second { number: event.number }).await?;
            Ok(())
        }
    };
    let second = move |event: Second, cx: Context| {
        of_second("second", &cx);
        async move {
            cx.request(&Ask { number: event.number }).await?;
            cx.publish(&Third { number: event.number }).await?;
            Ok(())
        }
    };
    let third = move |_: Third, cx: Context| {
        of_third("third", &cx);
        async { Ok(()) }
    };
    let ask = move |ask: Ask, cx: Context| {
        of_ask("ask", &cx);
        async move { Ok(ask.number) }
    };
    let registry = Registry::new("chain").handle::<First>(first).handle::<Second>(second);
    let registry = registry.handle::<Third>(third).handle::<Ask>(ask);
    (registry.start(bus).await.unwrap(), receiver)
}

async fn all(receiver: &mut mpsc::UnboundedReceiver<Seen>) -> Vec<Seen> {
    let mut all = Vec::new();
    for _ in 0..4 {
        all.push(soon(receiver.recv()).await.unwrap());
    }
    all
}

async fn follow_ups_carry_ids_on(env: Env) {
    let bus = env.bus();
    let (running, mut receiver) = chain(&bus).await;
    bus.publish(&First { number: 7 }).await.unwrap();
    let [first, second, ask, third] = &all(&mut receiver).await[..] else { panic!() };
    let id = Some("chains.first/7".to_owned());
    assert_eq!(first, &("first", id.clone(), id.clone(), None));
    let (_, second_id, correlation, causation) = second;
    assert_eq!((correlation, causation), (&id, &id));
    assert_eq!(ask, &("ask", None, id.clone(), second_id.clone()));
    assert_eq!(third, &("third", None, id, second_id.clone()));
    running.shutdown().await;
}

async fn a_first_message_can_say_its_own(env: Env) {
    let bus = env.bus();
    let (running, mut receiver) = chain(&bus).await;
    let event = First { number: 7 };
    bus.message(&event).correlation_id("order 12").publish().await.unwrap();
    for (what, _, correlation, _) in all(&mut receiver).await {
        assert_eq!(correlation.as_deref(), Some("order 12"), "{what}");
    }
    running.shutdown().await;
}

async fn what_was_put_back_is_what_it_was(env: Env) {
    let bus = env.bus();
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let handler = move |_: Second, cx: Context| {
        let sent = sender.send((cx.redriven(), seen("second", &cx)));
        async move {
            sent?;
            Err(Failure::reject("not now"))
        }
    };
    let first = async |event: First, cx: Context| {
        cx.publish(&Second { number: event.number }).await?;
        Ok(())
    };
    let registry = Registry::new("chain").handle::<First>(first).handle::<Second>(handler);
    let running = registry.start(&bus).await.unwrap();
    bus.publish(&First { number: 7 }).await.unwrap();
    let (redriven, before) = soon(receiver.recv()).await.unwrap();
    assert_eq!(redriven, 0);
    let letters = bus.dead_letters("chain");
    crate::support::condition::letters(&letters, 1).await;
    letters.redrive(tidings::DeadLetterFilter::all()).await.unwrap();
    let (redriven, after) = soon(receiver.recv()).await.unwrap();
    assert_eq!((redriven, after), (1, before));
    running.shutdown().await;
}

async fn an_id_that_no_header_can_hold_is_refused(env: Env) {
    let bus = env.bus();
    let event = Third { number: 7 };
    for id in ["", "a\nb", " a"] {
        let error = bus.message(&event).correlation_id(id).publish().await.unwrap_err();
        assert!(matches!(error, tidings::PublishError::Header(_)), "{error:?}");
        assert!(error.to_string().contains("Tidings-Correlation-Id"), "{error}");
    }
}
