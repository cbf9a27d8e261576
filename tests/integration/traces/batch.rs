//! Spans of many messages: sent together, and handled together.

use tidings::Batch;
use tokio::sync::mpsc;

use super::*;

both! {
    many_that_are_published_have_one_span,
    all_or_nothing_has_one_span,
    a_batch_has_links,
    each_of_many_has_its_own_where_that_is_asked_for,
    each_of_all_or_nothing_has_its_own_where_that_is_asked_for,
    records_that_are_sent_are_linked,
}

async fn many_that_are_published_have_one_span(bus: Bus) {
    let (first, second) = (unique(), unique());
    let handler = async |_: Launched, _: Context| Ok(());
    let running = Registry::new("pad").handle::<Launched>(handler).start(&bus).await.unwrap();
    bus.publish_all([Launched { number: first }, Launched { number: second }]).await.unwrap();
    let process = on(&format!("orbits.launched.{first}"), 1).await.remove(0);
    let all = of(process.trace(), 3).await;
    let publish = only(&all, "publish orbits.launched.{number}");
    publish.has("messaging.batch.message_count", "2");
    publish.is_root();
    process.is_child_of(&publish);
    on(&format!("orbits.launched.{second}"), 1).await[0].is_child_of(&publish);
    running.shutdown().await;
}

async fn all_or_nothing_has_one_span(bus: Bus) {
    let (first, second) = (unique(), unique());
    let ok = async |_: Launched, _: Context| Ok(());
    let also_ok = async |_: Docked, _: Context| Ok(());
    let registry = Registry::new("pad").handle::<Launched>(ok).handle::<Docked>(also_ok);
    let running = registry.start(&bus).await.unwrap();
    let mut batch = bus.atomic();
    batch.add(&Launched { number: first }).unwrap();
    batch.add(&Docked { number: second }).unwrap();
    batch.publish().await.unwrap();
    let process = on(&format!("orbits.launched.{first}"), 1).await.remove(0);
    let all = of(process.trace(), 3).await;
    let publish = only(&all, "publish ORBITS");
    publish.has("messaging.batch.message_count", "2");
    process.is_child_of(&publish);
    only(&all, "process orbits.docked.{number}").is_child_of(&publish);
    running.shutdown().await;
}

async fn a_batch_has_links(bus: Bus) {
    let (first, second) = (unique(), unique());
    let (sender, mut done) = mpsc::unbounded_channel();
    let handler = move |batch: Batch<Launched>, _: Context| {
        let sent = sender.send(batch.len());
        async move {
            for launched in &batch {
                let docked = Docked { number: launched.number };
                launched.context().publish(&docked).await?;
            }
            sent.map_err(Failure::retry)
        }
    };
    for number in [first, second] {
        if number == first {
            bus.provision::<Orbits>().await.unwrap();
        }
        bus.publish(&Launched { number }).await.unwrap();
    }
    let route = Route::of::<Batch<Launched>>(handler).max_size(2).max_wait(SOON);
    let running = Registry::new("pad").route(route).start(&bus).await.unwrap();
    assert_eq!(crate::soon(done.recv()).await, Some(2));
    let mut sent = Vec::new();
    for number in [first, second] {
        sent.push(on(&format!("orbits.launched.{number}"), 1).await.remove(0).id());
    }
    let follow_up = on(&format!("orbits.docked.{first}"), 1).await.remove(0);
    let all = of(follow_up.trace(), 3).await;
    let process = only(&all, "process orbits.launched.{number}");
    process.is_root();
    process.has("messaging.batch.message_count", "2");
    assert_eq!(process.links(), sent);
    for span in all.iter().filter(|span| span.id() != process.id()) {
        assert_eq!(span.name(), "publish orbits.docked.{number}");
        span.is_child_of(&process);
    }
    running.shutdown().await;
}

/// The span of many that has a link to this one.
async fn linked_to(created: &Gathered) -> Gathered {
    let is_meant = |span: &Gathered| {
        span.name().starts_with("publish") && span.links().contains(&created.id())
    };
    gathered::spans(1, is_meant).await.remove(0)
}

async fn each_of_many_has_its_own_where_that_is_asked_for(bus: Bus) {
    let bus = bus.with_traces(Traces::new().create_spans());
    let numbers = [unique(), unique()];
    let handler = async |_: Launched, _: Context| Ok(());
    let running = Registry::new("pad").handle::<Launched>(handler).start(&bus).await.unwrap();
    bus.publish_all(numbers.map(|number| Launched { number })).await.unwrap();
    let mut created = Vec::new();
    for number in numbers {
        let all = on(&format!("orbits.launched.{number}"), 2).await;
        let create = only(&all, "create orbits.launched.{number}");
        create.is_root();
        assert!(create.is_kind(&SpanKind::Producer) && create.links().is_empty(), "{create:?}");
        create.has("messaging.operation.type", "create");
        create.has("messaging.operation.name", "create");
        create.has("messaging.destination.template", "orbits.launched.{number}");
        create.has("messaging.message.id", &format!("orbits.launched/{number}"));
        only(&all, "process orbits.launched.{number}").is_child_of(&create);
        created.push(create);
    }
    let publish = linked_to(&created[0]).await;
    publish.is_root();
    assert!(publish.is_kind(&SpanKind::Client), "{publish:?}");
    publish.has("messaging.operation.type", "send");
    publish.has("messaging.batch.message_count", "2");
    assert_eq!(publish.links(), [created[0].id(), created[1].id()]);
    running.shutdown().await;
}

/// A record with a context keeps it, and the span of all has a link to that.
async fn each_of_all_or_nothing_has_its_own_where_that_is_asked_for(bus: Bus) {
    let bus = bus.with_traces(Traces::new().create_spans());
    bus.provision::<Orbits>().await.unwrap();
    let (first, second) = (unique(), unique());
    let own = format!("00-0af7651916cd43dd8448eb211c80319c-{second:016x}-01");
    let mut batch = bus.atomic();
    batch.add(&Launched { number: first }).unwrap();
    let docked = Docked { number: second };
    batch.add_message(bus.message(&docked).header("traceparent", &own)).unwrap();
    batch.publish().await.unwrap();
    let create = on(&format!("orbits.launched.{first}"), 1).await.remove(0);
    assert_eq!(create.name(), "create orbits.launched.{number}");
    let publish = linked_to(&create).await;
    assert_eq!(publish.name(), "publish ORBITS");
    let links: Vec<_> = publish.links().iter().map(ToString::to_string).collect();
    assert_eq!(links, [create.id().to_string(), format!("{second:016x}")]);
    let stored =
        bus.stream::<Orbits>().last(Docked::filter().number(second)).await.unwrap().unwrap();
    assert_eq!(stored.headers.get("traceparent"), Some(own.as_str()));
    let has_none = |span: &Gathered| {
        span.get("messaging.destination.name").as_deref()
            == Some(&format!("orbits.docked.{second}"))
    };
    assert!(gathered::spans(0, has_none).await.is_empty());
}

async fn records_that_are_sent_are_linked(bus: Bus) {
    bus.provision::<Orbits>().await.unwrap();
    let number = unique();
    let record = bus.message(&Launched { number }).record().unwrap();
    let create = on(&format!("orbits.launched.{number}"), 1).await.remove(0);
    assert_eq!(create.name(), "create orbits.launched.{number}");
    for outcome in bus.publish_records([record]).await {
        outcome.unwrap();
    }
    let publish = linked_to(&create).await;
    assert_eq!((publish.name(), publish.links()), ("publish", vec![create.id()]));
}
