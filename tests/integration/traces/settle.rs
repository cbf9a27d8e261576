//! Spans of settlements, where they are asked for: by routes, by batches, and by hand.

use tidings::Batch;

use super::*;

both! {
    what_a_route_settles_has_a_span,
    what_a_batch_settles_has_a_span,
    what_is_settled_by_hand_has_a_span,
    without_being_asked_for_there_is_none,
}

fn settling(bus: &Bus) -> Bus {
    bus.with_traces(Traces::new().settle_spans())
}

#[track_caller]
fn is_settlement(span: &Gathered, operation: &str) {
    assert!(span.is_kind(&SpanKind::Client) && span.error().is_none(), "{span:?}");
    span.has("messaging.system", "nats");
    span.has("messaging.operation.name", operation);
    span.has("messaging.operation.type", "settle");
}

async fn what_a_route_settles_has_a_span(bus: Bus) {
    let bus = settling(&bus);
    let (kept, rejected) = (unique(), unique());
    let handler = move |event: Launched, cx: Context| async move {
        match cx.attempt() {
            _ if event.number == rejected => Err(Failure::reject("no pad")),
            1 => Err(Failure::retry_after(Duration::from_millis(1), "no fuel")),
            _ => Ok(()),
        }
    };
    let running = Registry::new("pad").handle::<Launched>(handler).start(&bus).await.unwrap();
    bus.publish(&Launched { number: kept }).await.unwrap();
    let all = on(&format!("orbits.launched.{kept}"), 5).await;
    let process = |attempt: &str| {
        let is_meant = |span: &&Gathered| span.get("tidings.attempt").as_deref() == Some(attempt);
        all.iter().find(is_meant).unwrap()
    };
    for (operation, attempt) in [("nak", "1"), ("ack", "2")] {
        let span = only(&all, &format!("{operation} orbits.launched.{{number}}"));
        is_settlement(&span, operation);
        span.is_child_of(process(attempt));
        span.has("messaging.consumer.group.name", "pad-orbits_launched");
        span.has("messaging.message.id", &format!("orbits.launched/{kept}"));
        span.has("tidings.route", "orbits.launched");
    }
    bus.publish(&Launched { number: rejected }).await.unwrap();
    let all = on(&format!("orbits.launched.{rejected}"), 3).await;
    let term = only(&all, "term orbits.launched.{number}");
    is_settlement(&term, "term");
    term.is_child_of(&only(&all, "process orbits.launched.{number}"));
    running.shutdown().await;
}

async fn what_a_batch_settles_has_a_span(bus: Bus) {
    let bus = settling(&bus);
    bus.provision::<Orbits>().await.unwrap();
    let number = unique();
    let handler = async |_: Batch<Launched>, _: Context| Ok(());
    let route = Route::of::<Batch<Launched>>(handler).max_size(1);
    let running = Registry::new("pad").route(route).start(&bus).await.unwrap();
    bus.publish(&Launched { number }).await.unwrap();
    let ack = on(&format!("orbits.launched.{number}"), 2).await;
    let ack = only(&ack, "ack orbits.launched.{number}");
    is_settlement(&ack, "ack");
    ack.is_child_of(&only(&of(ack.trace(), 2).await, "process orbits.launched.{number}"));
    running.shutdown().await;
}

async fn what_is_settled_by_hand_has_a_span(bus: Bus) {
    let bus = settling(&bus);
    let number = unique();
    bus.provision::<Orbits>().await.unwrap();
    let mut durable = bus.consume::<Docked>("logbook").await.unwrap();
    bus.publish(&Docked { number }).await.unwrap();
    let mut next = async || crate::soon(durable.next()).await.unwrap().unwrap();
    let first = next().await;
    first.progress().await.unwrap();
    first.nak(None).await.unwrap();
    next().await.ack_confirmed().await.unwrap();
    let subject = format!("orbits.docked.{number}");
    let all = on(&subject, 5).await;
    let publish = only(&all, "publish orbits.docked.{number}");
    for operation in ["nak", "ack"] {
        let span = only(&all, &format!("{operation} orbits.docked.{{number}}"));
        is_settlement(&span, operation);
        span.is_root();
        assert_eq!(span.links(), [publish.id()]);
        span.has("messaging.consumer.group.name", "logbook");
    }
    // Apart from its event, too.
    let number = unique();
    bus.publish(&Docked { number }).await.unwrap();
    let (_, acker) = next().await.into_parts();
    acker.reject("unreadable handwriting").await.unwrap();
    let all = on(&format!("orbits.docked.{number}"), 3).await;
    is_settlement(&only(&all, "term orbits.docked.{number}"), "term");
}

async fn without_being_asked_for_there_is_none(bus: Bus) {
    let number = unique();
    let handler = async |_: Launched, _: Context| Ok(());
    let running = Registry::new("pad").handle::<Launched>(handler).start(&bus).await.unwrap();
    bus.publish(&Launched { number }).await.unwrap();
    let all = on(&format!("orbits.launched.{number}"), 2).await;
    running.shutdown().await;
    let is_meant = |span: &Gathered| {
        span.trace() == all[0].trace()
            && span.get("messaging.operation.type").as_deref() == Some("settle")
    };
    assert!(gathered::spans(0, is_meant).await.is_empty());
}
