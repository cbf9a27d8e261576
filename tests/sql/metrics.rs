//! Figures of an outbox, as they are scraped: what waits, for how long, what is parked, its size, and what was published.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test's own functions fail it"
)]

use std::time::Duration;

use metrics_exporter_prometheus::PrometheusBuilder;
use sqlx::Sqlite;
use sqlx::sqlite::SqlitePoolOptions;
use tidings::prelude::*;
use tidings_sql::Outbox;
use tidings_tests::eventually;

const SOON: Duration = Duration::from_secs(30);

#[derive(EventStream)]
#[stream(name = "PARCELS", subjects("parcels.>"))]
struct Parcels;

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "parcels.sent", stream = Parcels)]
struct ParcelSent {
    #[event(id)]
    parcel: u32,
}

/// A stream that nobody makes.
#[derive(EventStream)]
#[stream(name = "LETTERS", subjects("letters.>"))]
struct Letters;

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "letters.sent", stream = Letters)]
struct LetterSent {
    #[event(id)]
    letter: u32,
}

/// The one test of its process, whose recorder it is.
#[tokio::test]
async fn an_outbox_tells_its_figures() {
    let scrape = PrometheusBuilder::new().install_recorder().unwrap();
    let value = |name: &str| -> Option<f64> {
        let text = scrape.render();
        let line = text.lines().find(|line| line.starts_with(&format!("{name} ")));
        line?.rsplit(' ').next()?.parse().ok()
    };
    let bus = Bus::in_memory();
    bus.provision::<Parcels>().await.unwrap();
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect("sqlite::memory:")
        .await
        .unwrap();
    tidings_sql::migrate(&pool).await.unwrap();
    let outbox: Outbox<Sqlite> = Outbox::open(&bus, &pool).await.unwrap();

    let mut tx = outbox.begin().await.unwrap();
    outbox.publish(&mut tx, &LetterSent { letter: 1 }).await.unwrap();
    tx.commit().await.unwrap();
    let relay = outbox.relay().attempts(1).start();
    eventually(SOON, "it is parked", async || outbox.status().await.unwrap().parked == 1).await;
    relay.shutdown().await;

    // It was stored before, and its row is still there.
    bus.publish(&ParcelSent { parcel: 1 }).await.unwrap();
    let mut tx = outbox.begin().await.unwrap();
    let parcels = (1..=3).map(|parcel| ParcelSent { parcel });
    outbox.publish_all(&mut tx, parcels).await.unwrap();
    tx.commit().await.unwrap();
    eventually(SOON, "they are a moment old", async || {
        outbox.status().await.unwrap().oldest.is_some_and(|age| age > Duration::ZERO)
    })
    .await;
    // It looks as it begins, and then every ten seconds.
    let relay = outbox.relay().start();
    eventually(SOON, "all are published", async || {
        value("tidings_outbox_published_messages_total") == Some(3.0)
    })
    .await;
    assert_eq!(value("tidings_outbox_duplicate_messages_total"), Some(1.0));
    assert_eq!(value("tidings_outbox_pending_messages"), Some(3.0));
    assert_eq!(value("tidings_outbox_parked_messages"), Some(1.0));
    assert!(value("tidings_outbox_oldest_age_seconds").unwrap() > 0.0);
    assert!(value("tidings_outbox_size_bytes").unwrap() > 0.0);
    relay.shutdown().await;
}
