//! The context that messages carry: of others, of nobody, and where nothing is recorded.

use std::collections::HashMap;

use opentelemetry::Context as OtelContext;
use opentelemetry::baggage::BaggageExt as _;
use opentelemetry::trace::{FutureExt as _, TraceId};
use tokio::sync::mpsc;

use super::*;

both! {
    where_nothing_is_recorded_the_context_goes_on,
    where_only_sampled_traces_are_followed_none_is_begun,
    what_is_malformed_begins_a_new_trace,
    headers_of_the_user_are_kept,
    an_event_that_was_delayed_is_in_the_trace,
    baggage_goes_with_the_messages,
    an_answer_says_in_which_trace_it_is,
    what_is_taken_by_hand_has_a_span_with_a_link,
    what_fails_says_so,
}

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const SPAN: &str = "b7ad6b7169203331";

/// Headers of the events that a handler gets, and what becomes of them when it publishes.
async fn relay(bus: &Bus) -> (tidings::Running, mpsc::UnboundedReceiver<HashMap<String, String>>) {
    let (sender, seen) = mpsc::unbounded_channel();
    let tell = move |_: Docked, cx: Context| {
        let headers = cx.headers().iter().map(|(name, value)| (name.into(), value.into()));
        let sent = sender.send(headers.collect());
        async move { sent.map_err(Failure::retry) }
    };
    let quiet = async |event: Quiet, cx: Context| {
        cx.publish(&Docked { number: event.number }).await?;
        Ok(())
    };
    let launched = async |event: Launched, cx: Context| {
        cx.publish(&Docked { number: event.number }).await?;
        Ok(())
    };
    let registry = Registry::new("relay").handle::<Quiet>(quiet).handle::<Launched>(launched);
    (registry.handle::<Docked>(tell).start(bus).await.unwrap(), seen)
}

async fn where_nothing_is_recorded_the_context_goes_on(bus: Bus) {
    let number = unique();
    bus.provision::<Orbits>().await.unwrap();
    let mut stored = bus.replay::<Quiet>(DeliverFrom::New).await.unwrap();
    let (running, mut seen) = relay(&bus).await;
    bus.publish(&Quiet { number }).await.unwrap();
    let first = crate::soon(stored.next()).await.unwrap().unwrap();
    let first = first.headers().get("traceparent").unwrap().to_owned();
    assert!(first.ends_with("-00"), "{first}");
    let headers = crate::soon(seen.recv()).await.unwrap();
    let follow_up = &headers["traceparent"];
    // The same trace, of which nobody hears.
    assert_eq!(follow_up[..35], first[..35]);
    assert!(follow_up.ends_with("-00"), "{follow_up}");
    assert_ne!(follow_up, &first);
    // One that is recorded ended after it: had there been spans, they would be here.
    bus.publish(&Launched { number }).await.unwrap();
    on(&format!("orbits.launched.{number}"), 2).await;
    let quiet = gathered::spans(0, |span| {
        span.name().contains("quiet") && {
            span.get("messaging.destination.name") == Some(format!("orbits.quiet.{number}"))
        }
    });
    assert!(quiet.await.is_empty());
    running.shutdown().await;
}

async fn where_only_sampled_traces_are_followed_none_is_begun(bus: Bus) {
    let bus = bus.with_traces(Traces::new().sampled_only());
    let (running, mut seen) = relay(&bus).await;
    let publish = async |number: u64, header: Option<&str>| {
        let event = Launched { number };
        let draft = bus.message(&event);
        match header {
            Some(header) => draft.header("traceparent", header).publish().await.unwrap(),
            None => draft.publish().await.unwrap(),
        };
    };
    // Neither a trace of its own, nor one that another has chosen not to record: that is handed on as it came.
    let (alone, unsampled, sampled) = (unique(), unique(), unique());
    publish(alone, None).await;
    assert_eq!(crate::soon(seen.recv()).await.unwrap().get("traceparent"), None);
    let quiet = format!("00-{TRACE}-{SPAN}-00");
    publish(unsampled, Some(&quiet)).await;
    assert_eq!(crate::soon(seen.recv()).await.unwrap()["traceparent"], quiet);
    // One that is recorded goes on.
    let trace = format!("{sampled:032x}");
    publish(sampled, Some(&format!("00-{trace}-{SPAN}-01"))).await;
    let follow_up = crate::soon(seen.recv()).await.unwrap()["traceparent"].clone();
    let all = of(TraceId::from_hex(&trace).unwrap(), 3).await;
    let process = only(&all, "process orbits.launched.{number}");
    assert_eq!(process.0.parent_span_id.to_string(), SPAN);
    let published = only(&all, "publish orbits.docked.{number}");
    published.is_child_of(&process);
    assert_eq!(follow_up, format!("00-{trace}-{}-01", published.id()));
    only(&all, "process orbits.docked.{number}").is_child_of(&published);
    // The others would have ended before it.
    for number in [alone, unsampled] {
        let subjects = ["launched", "docked"].map(|what| format!("orbits.{what}.{number}"));
        let is_theirs = |span: &Gathered| {
            span.get("messaging.destination.name").is_some_and(|name| subjects.contains(&name))
        };
        assert!(gathered::spans(0, is_theirs).await.is_empty());
    }
    running.shutdown().await;
}

async fn what_is_malformed_begins_a_new_trace(bus: Bus) {
    let (running, _seen) = relay(&bus).await;
    for header in ["", "00-0-0-01", "rubbish", &format!("ff-{TRACE}-{SPAN}-01")] {
        let number = unique();
        let event = Launched { number };
        bus.message(&event).header("traceparent", header).publish().await.unwrap();
        let all = on(&format!("orbits.launched.{number}"), 2).await;
        let process = only(&all, "process orbits.launched.{number}");
        process.is_root();
        assert!(process.links().is_empty());
        assert!(only(&all, "publish orbits.launched.{number}").links().is_empty());
    }
    running.shutdown().await;
}

async fn headers_of_the_user_are_kept(bus: Bus) {
    let number = unique();
    let (running, mut seen) = relay(&bus).await;
    let own = format!("00-{TRACE}-{SPAN}-01");
    let event = Docked { number };
    bus.message(&event).header("traceparent", &own).publish().await.unwrap();
    let headers = crate::soon(seen.recv()).await.unwrap();
    assert_eq!(headers["traceparent"], own);
    let all = on(&format!("orbits.docked.{number}"), 2).await;
    let publish = only(&all, "publish orbits.docked.{number}");
    assert_eq!(publish.links().iter().map(ToString::to_string).collect::<Vec<_>>(), [SPAN]);
    let process = only(&all, "process orbits.docked.{number}");
    assert_eq!(process.trace().to_string(), TRACE);
    assert_eq!(process.0.parent_span_id.to_string(), SPAN);
    running.shutdown().await;
}

async fn an_event_that_was_delayed_is_in_the_trace(bus: Bus) {
    let number = unique();
    let (running, mut seen) = relay(&bus).await;
    let event = Docked { number };
    bus.message(&event).delay(Duration::from_millis(200)).publish().await.unwrap();
    crate::soon(seen.recv()).await.unwrap();
    let process = on(&format!("orbits.docked.{number}"), 1).await.remove(0);
    let all = of(process.trace(), 2).await;
    process.is_child_of(&only(&all, "publish orbits.docked.{number}"));
    running.shutdown().await;
}

async fn baggage_goes_with_the_messages(bus: Bus) {
    let number = unique();
    let (running, mut seen) = relay(&bus).await;
    let tenant = [opentelemetry::KeyValue::new("tenant", "a c,me")];
    let context = OtelContext::current_with_baggage(tenant);
    bus.publish(&Launched { number }).with_context(context).await.unwrap();
    let headers = crate::soon(seen.recv()).await.unwrap();
    assert_eq!(headers["baggage"], "tenant=a%20c%2Cme");
    running.shutdown().await;
}

async fn an_answer_says_in_which_trace_it_is(bus: Bus) {
    let number = unique();
    let service =
        Registry::new("inspectors").handle::<Inspect>(async |ask: Inspect, _: Context| {
            if ask.number == 0 {
                Err(Failure::reject("nothing to inspect"))
            } else {
                Ok(ask.number)
            }
        });
    let running = service.start(&bus).await.unwrap();
    let mut inbox = bus.subscribe_raw("_INBOX.>").await.unwrap();
    // What else a client asks its server is answered there, too.
    let mut answer = async |is_meant: &dyn Fn(&tidings::RawMessage) -> bool| {
        loop {
            let message = crate::soon(inbox.next()).await.unwrap().unwrap();
            if is_meant(&message) {
                return message.headers.get("traceparent").map(str::to_owned);
            }
        }
    };
    bus.request(&Inspect { number }).await.unwrap();
    let told = answer(&|message| message.payload == number.to_string().as_bytes()).await;
    let all = on(&format!("inspections.{number}"), 2).await;
    let process = only(&all, "process inspections.{number}");
    assert_eq!(told, Some(format!("00-{}-{}-01", process.trace(), process.id())));
    // An error, too.
    bus.request(&Inspect { number: 0 }).await.unwrap_err();
    let told = answer(&|message| message.headers.get("Nats-Service-Error").is_some()).await;
    assert!(told.is_some());
    running.shutdown().await;
}

async fn what_is_taken_by_hand_has_a_span_with_a_link(bus: Bus) {
    let number = unique();
    bus.provision::<Orbits>().await.unwrap();
    let mut live = bus.subscribe::<Signal>().queue_group("ears").await.unwrap();
    let mut durable = bus.consume::<Docked>("logbook").await.unwrap();
    bus.publish(&Signal { number }).await.unwrap();
    bus.publish(&Docked { number }).await.unwrap();
    while crate::soon(live.next()).await.unwrap().unwrap().number != number {}
    crate::soon(durable.next()).await.unwrap().unwrap().ack().await.unwrap();
    for (subject, template, group) in [
        (format!("signals.{number}"), "signals.{number}", "ears"),
        (format!("orbits.docked.{number}"), "orbits.docked.{number}", "logbook"),
    ] {
        let all = on(&subject, 2).await;
        let publish = only(&all, &format!("publish {template}"));
        let receive = only(&all, &format!("receive {template}"));
        assert!(receive.is_kind(&SpanKind::Client), "{receive:?}");
        receive.is_root();
        assert_eq!(receive.links(), [publish.id()]);
        receive.has("messaging.operation.type", "receive");
        receive.has("messaging.consumer.group.name", group);
        receive.has("messaging.destination.template", template);
    }
}

async fn what_fails_says_so(bus: Bus) {
    let number = unique();
    bus.request(&Inspect { number }).await.unwrap_err();
    let asked = on(&format!("inspections.{number}"), 1).await.remove(0);
    asked.has("error.type", "no_responders");
    let why = format!("nobody handles `inspections.{number}`");
    assert_eq!(asked.error(), Some(why.as_str()));
}

/// A client that knows nothing of Tidings continues its trace.
#[tokio::test]
async fn a_foreign_client_is_the_parent() {
    let server = Server::start().await;
    let bus = traced(&Bus::connect(&server.url()).await.unwrap());
    let number = unique();
    let (running, _seen) = relay(&bus).await;
    let mut headers = async_nats::HeaderMap::new();
    headers.insert("Traceparent", format!("00-{TRACE}-{SPAN}-01").as_str());
    headers.insert("tracestate", "vendor=7");
    let subject = format!("orbits.launched.{number}");
    let payload = format!("{{\"number\":{number}}}").into();
    let client = server.client().await;
    client.publish_with_headers(subject.clone(), headers, payload).await.unwrap();
    client.flush().await.unwrap();
    let process = on(&subject, 1).await.remove(0);
    assert_eq!(process.0.parent_span_id.to_string(), SPAN);
    assert_eq!(process.0.span_context.trace_id().to_string(), TRACE);
    assert!(process.0.parent_span_is_remote);
    running.shutdown().await;
}
