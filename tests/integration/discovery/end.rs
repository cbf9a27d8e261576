//! End of a service: what is no longer there does not answer; what still works does.

use std::sync::Arc;
use std::time::Duration;

use async_nats::Request;
use tidings::RequestError;
use tidings::prelude::*;
use tidings_tests::{Server, eventually};
use tokio::sync::Notify;

use super::answer::{ask, gather, nobody_answers};
use super::service::{Weigh, Weight, bus, post};
use crate::{SOON, soon};

/// Asserts that no subject on which a service answers has a listener.
async fn all_are_silent(client: &async_nats::Client) {
    for verb in ["PING", "INFO", "STATS"] {
        nobody_answers(client, &format!("$SRV.{verb}")).await;
        nobody_answers(client, &format!("$SRV.{verb}.post")).await;
    }
    nobody_answers(client, "scales.weigh").await;
    nobody_answers(client, "labels.fr.print").await;
}

/// "Stop should always drain its service subscriptions."
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_its_shutdown_an_instance_answers_no_more() {
    let server = Server::start().await;
    let (one, other) = (post(&server, None).await, post(&server, None).await);
    let client = server.client().await;
    assert_eq!(ask(&client, "$SRV.PING", 2).await.len(), 2);
    one.shutdown().await;
    assert_eq!(ask(&client, "$SRV.PING", 1).await.len(), 1);
    assert_eq!(gather(&client, "scales.weigh", r#"{"grams":1}"#, 1).await.len(), 1);
    other.shutdown().await;
    // Known to the server when the shutdown returns, not some time later.
    all_are_silent(&client).await;
}

/// The connection stays: "it should be possible to run multiple services under a single
/// connection".
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn services_of_one_connection_end_apart() {
    let server = Server::start().await;
    let (bus, client) = (bus(&server).await, server.client().await);
    let weigh = |_: Weigh, _: Context| async { Ok(Weight { kilograms: 1.0 }) };
    let start = |name: &str| Registry::new(name).handle::<Weigh>(weigh).start(&bus);
    let (one, other) = (start("one").await.unwrap(), start("other").await.unwrap());
    assert_eq!(ask(&client, "$SRV.PING", 2).await.len(), 2);
    one.shutdown().await;
    nobody_answers(&client, "$SRV.PING.one").await;
    assert_eq!(ask(&client, "$SRV.PING.other", 1).await.len(), 1);
    assert_eq!(bus.request(&Weigh { grams: 1 }).await.unwrap(), Weight { kilograms: 1.0 });
    other.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_instance_answers_no_more() {
    let server = Server::start().await;
    let running = post(&server, None).await;
    let client = server.client().await;
    assert_eq!(ask(&client, "$SRV.PING", 1).await.len(), 1);
    drop(running);
    // Dropping does not wait.
    eventually(SOON, "nobody listens", || async {
        let names = ["$SRV.PING", "$SRV.STATS.post", "scales.weigh", "labels.fr.print"];
        for name in names {
            // One that is still on its way to the listener that goes gets no answer at all.
            let question = Request::new().timeout(Some(Duration::from_millis(500)));
            let answer = client.send_request(name, question).await;
            let kind = answer.err().map(|error| error.kind());
            if kind != Some(async_nats::RequestErrorKind::NoResponders) {
                return Err(format!("{name}: {kind:?}"));
            }
        }
        Ok(())
    })
    .await;
    all_are_silent(&client).await;
}

/// A request that was taken is answered, discovery meanwhile too; one that comes later is not
/// taken.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_that_runs_during_the_shutdown_still_answers() {
    let server = Server::start().await;
    let (begun, gate) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let weigh = {
        let (begun, gate) = (Arc::clone(&begun), Arc::clone(&gate));
        move |ask: Weigh, _: Context| {
            let (begun, gate) = (Arc::clone(&begun), Arc::clone(&gate));
            async move {
                if ask.grams == 1 {
                    begun.notify_one();
                    gate.notified().await;
                }
                Ok(Weight { kilograms: 7.0 })
            }
        }
    };
    let registry = Registry::new("post").handle::<Weigh>(weigh);
    let running = registry.start(&bus(&server).await).await.unwrap();
    let asker = bus(&server).await;
    let asking = tokio::spawn({
        let asker = asker.clone();
        async move { asker.request(&Weigh { grams: 1 }).await }
    });
    soon(begun.notified()).await;
    let ending = tokio::spawn(running.shutdown());

    // Once its subscription has ended, others are told at once that nobody is there. One that comes
    // before is still taken.
    let client = server.client().await;
    eventually(SOON, "no new requests", || async {
        let ask = Weigh { grams: 2 };
        let limit = Duration::from_millis(500);
        let answer = asker.message(&ask).timeout(limit).request().await;
        matches!(answer, Err(RequestError::NoResponders { .. }))
    })
    .await;
    assert!(!ending.is_finished() && !asking.is_finished());
    assert_eq!(ask(&client, "$SRV.STATS.post", 1).await[0]["name"], "post");

    gate.notify_one();
    assert_eq!(soon(asking).await.unwrap().unwrap(), Weight { kilograms: 7.0 });
    assert!(soon(ending).await.unwrap()[0].handled >= 1);
    nobody_answers(&client, "$SRV.PING").await;
}
