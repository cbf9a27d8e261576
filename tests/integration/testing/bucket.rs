//! The harness for users' tests: what becomes of buckets is waited for, too.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tidings::WatchEvent;
use tidings::prelude::*;
use tidings::testing::TestBus;
use tidings_tests::Server;

use super::Outcome;

over_both! {
    changes_of_buckets_are_waited_for,
    buckets_that_feed_each_other_are_waited_for,
    gaps_of_a_bucket_are_waited_for,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Bucket)]
#[bucket(name = "prices", key = "{number}")]
struct Price {
    number: u64,
    cents: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Bucket)]
#[bucket(name = "labels", key = "{number}")]
struct Label {
    number: u64,
    text: String,
}

type Told = Arc<Mutex<Vec<String>>>;

fn told_of(told: &Told) -> Vec<String> {
    std::mem::take(&mut *told.lock().unwrap())
}

/// A handler that takes its time, and writes down what it is told.
fn writes(told: &Told) -> impl tidings::WatchHandler<Price> {
    let told = Arc::clone(told);
    move |event: WatchEvent<Price, PriceKey>, cx: Context| {
        let told = Arc::clone(&told);
        async move {
            tokio::time::sleep(Duration::from_millis(1)).await;
            if cx.attempt() == 1 && matches!(event, WatchEvent::Put(_)) {
                return Err(Failure::retry("not yet"));
            }
            told.lock().unwrap().push(match event {
                WatchEvent::Put(price) => price.value.cents.to_string(),
                WatchEvent::Removed(removal) => format!("no {}", removal.key.number),
                WatchEvent::Current => "current".to_owned(),
                _ => "resynchronised".to_owned(),
            });
            Ok(())
        }
    }
}

async fn changes_of_buckets_are_waited_for(test: TestBus) -> Outcome {
    let prices = test.bus().key_value::<Price>();
    test.bus().provision::<Price>().await?;
    prices.put(&Price { number: 1, cents: 100 }).await?;
    let (all, updates, paused) = (Told::default(), Told::default(), Told::default());
    let retry = || Retry::fixed(Duration::from_millis(2));
    let route = |told: &Told| Route::watch::<Price>(writes(told)).retry(retry());
    test.serve(Registry::new("all").watch(route(&all))).await?;
    test.serve(Registry::new("updates").watch(route(&updates).updates_only())).await?;
    let still = Registry::new("paused").watch(route(&paused));
    let control = still.control();
    test.serve(still).await?;
    test.wait_idle().await?;
    assert_eq!(told_of(&all), ["100", "current"]);
    assert_eq!(told_of(&updates), ["current"]);
    for cents in 101..120 {
        prices.put(&Price { number: 1, cents }).await?;
        test.wait_idle().await?;
        assert_eq!(told_of(&all), [cents.to_string()]);
        assert_eq!(told_of(&updates), [cents.to_string()]);
    }
    prices.delete(&PriceKey { number: 1 }).await?;
    test.wait_idle().await?;
    assert_eq!(told_of(&all), ["no 1"]);
    // One that is paused has nothing to do, until there is something.
    told_of(&paused);
    control.pause_watch::<Price>()?;
    test.wait_idle().await?;
    prices.put(&Price { number: 2, cents: 7 }).await?;
    test.wait_idle_within(Duration::from_millis(300)).await.unwrap_err();
    control.resume_watch::<Price>()?;
    test.wait_idle().await?;
    assert_eq!(told_of(&paused), ["7"]);
    Ok(())
}

/// Buckets of which one handler's puts are news for another one.
async fn buckets_that_feed_each_other_are_waited_for(test: TestBus) -> Outcome {
    let bus = test.bus().clone();
    bus.provision::<Price>().await?;
    bus.provision::<Label>().await?;
    let labels = Told::default();
    let writes = Arc::clone(&labels);
    let note = move |event: WatchEvent<Label, LabelKey>, _: Context| {
        let writes = Arc::clone(&writes);
        async move {
            if let WatchEvent::Put(label) = event {
                writes.lock().unwrap().push(label.value.text);
            }
            Ok(())
        }
    };
    let own = bus.clone();
    let label = move |event: WatchEvent<Price, PriceKey>, _: Context| {
        let labels = own.key_value::<Label>();
        async move {
            if let WatchEvent::Put(price) = event {
                let Price { number, cents } = price.value;
                tokio::time::sleep(Duration::from_millis(1)).await;
                labels.put(&Label { number, text: format!("{cents} cents") }).await?;
            }
            Ok(())
        }
    };
    // The one that is told last is asked first.
    test.serve(Registry::new("notes").watch(Route::watch::<Label>(note))).await?;
    test.serve(Registry::new("labels").watch(Route::watch::<Price>(label))).await?;
    for cents in 1..30 {
        bus.key_value::<Price>().put(&Price { number: 1, cents }).await?;
        test.wait_idle().await?;
        assert_eq!(told_of(&labels), [format!("{cents} cents")]);
    }
    Ok(())
}

/// A bucket that is purged, deleted or made again is noticed at once.
async fn gaps_of_a_bucket_are_waited_for(test: TestBus) -> Outcome {
    let bus = test.bus();
    bus.provision::<Price>().await?;
    let prices = bus.key_value::<Price>();
    let told = Told::default();
    let route = Route::watch::<Price>(writes(&told)).retry(Retry::fixed(Duration::from_millis(2)));
    test.serve(Registry::new("all").watch(route)).await?;
    prices.put(&Price { number: 1, cents: 100 }).await?;
    test.wait_idle().await?;
    assert_eq!(told_of(&told), ["current", "100"]);
    bus.stream::<Price>().purge().await?;
    test.wait_idle().await?;
    assert_eq!(told_of(&told), ["resynchronised", "current"]);
    bus.stream::<Price>().delete().await?;
    test.wait_idle().await?;
    assert_eq!(told_of(&told), Vec::<String>::new());
    bus.provision::<Price>().await?;
    prices.put(&Price { number: 2, cents: 200 }).await?;
    test.wait_idle().await?;
    assert_eq!(told_of(&told), ["resynchronised", "200", "current"]);
    Ok(())
}
