//! A stream without a quorum: its leader has taken a message, and nobody confirms it.

use std::time::Duration;

use async_nats::jetstream::{self, stream};
use tidings::PublishError;
use tidings::prelude::*;
use tidings_tests::{Cluster, eventually};

use super::{Kneaded, Loaves, RECOVERED};

/// Sent again it is still under way, which is no refusal: it is stored once there is a quorum.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_for_a_quorum_is_unconfirmed() {
    let mut cluster = Cluster::start(3).await;
    let context = jetstream::new(cluster.client().await);
    let config = stream::Config {
        name: Loaves::NAME.to_owned(),
        subjects: vec!["loaves.>".to_owned()],
        num_replicas: 3,
        duplicate_window: Duration::from_secs(600),
        ..Default::default()
    };
    let mut stream = context.create_stream(config).await.unwrap();
    let leader = stream.info().await.unwrap().cluster.clone().unwrap().leader.unwrap();
    let is_leader = |index: &usize| cluster.server(*index).name() == leader;
    let (leading, others): (Vec<usize>, Vec<usize>) = (0..3).partition(is_leader);
    let bus = Bus::builder()
        .server(cluster.server(leading[0]).url())
        .publish_timeout(Duration::from_secs(2))
        .ack_timeout(Duration::from_millis(300))
        .connect()
        .await
        .unwrap();
    bus.publish(&Kneaded { number: 1 }).await.unwrap();
    let known = cluster.server(leading[0]).monitor("/varz").await["cluster"]["name"].clone();
    assert_eq!(bus.state().server.unwrap().cluster.as_deref(), known.as_str());

    for other in &others {
        cluster.kill(*other);
    }
    let error = bus.publish(&Kneaded { number: 2 }).await.unwrap_err();
    assert!(matches!(error, PublishError::Unconfirmed { .. }), "{error:?}");
    for other in others {
        cluster.server_mut(other).restart().await;
    }
    let again = || bus.publish(&Kneaded { number: 2 });
    let ack = eventually(RECOVERED, "it is confirmed", || async { again().await }).await;
    assert!(ack.duplicate, "it was stored before: {ack:?}");
}
