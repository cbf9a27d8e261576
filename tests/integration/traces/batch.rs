//! Spans of many messages: sent together, and handled together.

use tidings::Batch;
use tokio::sync::mpsc;

use super::*;

both! {
    many_that_are_published_have_one_span,
    all_or_nothing_has_one_span,
    a_batch_has_links,
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
