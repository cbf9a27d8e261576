//! The harness itself: a test server does what tests rely on.

use std::time::{Duration, Instant};

use async_nats::jetstream;
use futures_util::StreamExt;
use tidings_tests::{Cluster, Server, eventually, unique};

const SOON: Duration = Duration::from_secs(10);

async fn stored(server: &Server, stream: &str) -> Option<u64> {
    let context = jetstream::new(server.client().await);
    let mut stream = context.get_stream(stream).await.ok()?;
    Some(stream.info().await.ok()?.state.messages)
}

async fn store_one(server: &Server) {
    let context = jetstream::new(server.client().await);
    let config = jetstream::stream::Config {
        name: "KEPT".to_owned(),
        subjects: vec!["kept.>".to_owned()],
        ..Default::default()
    };
    context.create_stream(config).await.unwrap();
    context.publish("kept.one", "1".into()).await.unwrap().await.unwrap();
}

#[tokio::test]
async fn a_server_carries_messages() {
    let server = Server::start().await;
    let client = server.client().await;
    let mut subscription = client.subscribe("greetings").await.unwrap();
    client.publish("greetings", "hello".into()).await.unwrap();
    assert_eq!(subscription.next().await.unwrap().payload, "hello");
}

#[tokio::test]
async fn servers_do_not_see_each_other() {
    let (one, other) = (Server::start().await, Server::start().await);
    assert_ne!(one.url(), other.url());
    store_one(&one).await;
    assert_eq!(stored(&other, "KEPT").await, None);
}

#[tokio::test]
async fn a_killed_server_comes_back_on_its_port_with_its_store() {
    let mut server = Server::start().await;
    let url = server.url();
    store_one(&server).await;
    server.kill();
    assert!(async_nats::connect(&url).await.is_err());
    server.restart().await;
    assert_eq!(server.url(), url);
    assert_eq!(stored(&server, "KEPT").await, Some(1));
}

#[tokio::test]
async fn nobody_else_is_given_the_port_of_a_killed_server() {
    let mut server = Server::start().await;
    let address = server.url().replace("nats://", "").parse().unwrap();
    server.kill();
    let taken = tokio::net::TcpSocket::new_v4().unwrap().bind(address);
    assert_eq!(taken.unwrap_err().kind(), std::io::ErrorKind::AddrInUse);
    server.restart().await;
    server.client().await;
}

#[tokio::test]
async fn a_stopped_server_comes_back_with_its_store() {
    let mut server = Server::start().await;
    store_one(&server).await;
    server.stop().await;
    assert!(async_nats::connect(server.url()).await.is_err());
    server.restart().await;
    assert_eq!(stored(&server, "KEPT").await, Some(1));
}

#[tokio::test]
async fn a_configuration_is_obeyed_and_reloaded() {
    let user = |password| format!("authorization {{ user: ann, password: {password} }}");
    let server = Server::with_config(&user("old")).await;
    assert!(async_nats::connect(server.url()).await.is_err());

    let as_ann = |password: &str| {
        async_nats::ConnectOptions::with_user_and_password("ann".to_owned(), password.to_owned())
    };
    server.client_with(as_ann("old")).await;
    server.reload(&user("new"));
    eventually(SOON, "the new password", || as_ann("new").connect(server.url())).await;
    assert_eq!(server.monitor("/varz").await["server_name"], server.name());
}

#[tokio::test]
async fn a_lame_duck_tells_its_clients() {
    let server = Server::with_config("lame_duck_duration: 30s").await;
    let (sender, mut events) = tokio::sync::mpsc::channel(8);
    let options = async_nats::ConnectOptions::new().event_callback(move |event| {
        let sender = sender.clone();
        async move { sender.send(event).await.unwrap_or_default() }
    });
    let _client = server.client_with(options).await;
    server.lame_duck();
    let told = async { while events.recv().await.unwrap() != async_nats::Event::LameDuckMode {} };
    tokio::time::timeout(SOON, told).await.unwrap();
}

#[tokio::test]
async fn the_monitor_answers() {
    let server = Server::start().await;
    assert_eq!(server.monitor("/varz").await["server_name"], server.name());
}

#[tokio::test]
async fn a_server_starts_fast() {
    // The first one may install the server.
    drop(Server::start().await);
    let before = Instant::now();
    drop(Server::start().await);
    let took = before.elapsed();
    // 60 ms on two cores; the bound leaves room for other tests running beside it.
    assert!(took < Duration::from_secs(2), "took {took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_survives_its_leader() {
    let mut cluster = Cluster::start(3).await;
    let leader = cluster.meta_leader().await;
    let context = jetstream::new(cluster.client().await);
    let config = jetstream::stream::Config {
        name: unique("KEPT"),
        subjects: vec!["kept.>".to_owned()],
        num_replicas: 3,
        ..Default::default()
    };
    context.create_stream(config).await.unwrap();
    cluster.kill(leader);
    eventually(Duration::from_secs(30), "another leader takes messages", || async {
        context
            .publish("kept.one", "1".into())
            .await
            .map_err(|error| error.to_string())?
            .await
            .map_err(|error| error.to_string())
    })
    .await;
    cluster.restart(leader).await;
}

#[tokio::test]
#[should_panic(expected = "a miracle (at tests/integration/test_server.rs")]
async fn waiting_ends_with_what_was_awaited_and_where() {
    eventually(Duration::from_millis(30), "a miracle", || async { Err::<(), _>("no") }).await;
}

#[test]
fn unique_names_differ() {
    assert_ne!(unique("a"), unique("a"));
}
