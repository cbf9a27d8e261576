//! A bus that is there before its server: one that starts later, that never comes, that refuses.

use std::time::Duration;

use tidings::prelude::*;
use tidings::{
    CloseError, ConnectError, ConnectionEventKind, ConnectionStatus, HealthReason, Outage,
    PublishError, RequestError, ServeError, SubscribeError,
};
use tidings_tests::{Server, eventually};
use tokio::sync::{mpsc, oneshot};

use crate::{SOON, soon};

/// Time that what waits for a server may take on a busy machine.
const PATIENT: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(300);

#[derive(EventStream)]
#[stream(name = "VISITS", subjects("visits.>"))]
struct Visits;

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "visits.begun", stream = Visits)]
struct Begun {
    number: u32,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "doors.opened")]
struct Opened {
    number: u32,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema, Request)]
#[request(subject = "visitors.count", reply = u32)]
struct Count {}

async fn handled(_: Begun, _: Context) -> Result<(), Failure> {
    Ok(())
}

/// A server that is not there any more, and its address.
async fn gone() -> (Server, String) {
    let mut server = Server::start().await;
    let url = server.url();
    // Who publishes needs not wait for a registry that makes the stream.
    Bus::connect(&url).await.unwrap().provision::<Visits>().await.unwrap();
    server.kill();
    (server, url)
}

fn cause(bus: &Bus) -> Outage {
    match bus.state().status {
        ConnectionStatus::Connecting { cause, .. } => cause,
        other => panic!("not on its way: {other:?}"),
    }
}

#[tokio::test]
async fn what_waits_for_a_server_goes_on_when_it_comes() {
    let (mut server, url) = gone().await;
    let builder = Bus::builder().server(&url).publish_timeout(PATIENT).request_timeout(PATIENT);
    let bus = soon(builder.connect_lazily()).await.expect("a bus, at once");
    assert!(matches!(cause(&bus), Outage::Away { .. }));
    let health = soon(bus.health()).await;
    assert!(health.live && !health.ready, "{health:?}");
    assert!(matches!(&*health.reasons, [HealthReason::Disconnected { .. }]), "{health:?}");
    let mut events = bus.events();
    let first = soon(events.next()).await.expect("how it is");
    assert!(matches!(first.kind, ConnectionEventKind::Disconnected { .. }), "{first:?}");
    bus.publish(&Opened { number: 1 }).await.expect("kept for the server");

    let (sender, mut seen) = mpsc::unbounded_channel();
    let see = move |visit: Begun, _: Context| {
        let sender = sender.clone();
        async move { Ok(sender.send(visit.number)?) }
    };
    let count = |_: Count, _: Context| async { Ok(3) };
    let registry = Registry::new("visitors").handle::<Begun>(see).handle::<Count>(count);
    let starting = tokio::spawn({
        let bus = bus.clone();
        async move { registry.start(&bus).await }
    });
    let publishing = tokio::spawn({
        let bus = bus.clone();
        async move { bus.publish(&Begun { number: 7 }).await }
    });
    eventually(SOON, "it says why", || async {
        match cause(&bus) {
            Outage::Away { said } if said.contains("refused") => Ok(()),
            other => Err(other),
        }
    })
    .await;
    assert!(!starting.is_finished() && !publishing.is_finished(), "they wait");

    server.restart().await;
    let running = soon(starting).await.unwrap().expect("it runs");
    soon(publishing).await.unwrap().expect("stored");
    assert_eq!(soon(seen.recv()).await, Some(7));
    assert_eq!(soon(bus.request(&Count {})).await.expect("a reply"), 3);
    let connected = soon(events.next()).await.expect("an event");
    assert_eq!(connected.kind, ConnectionEventKind::Connected);
    assert_eq!(bus.state().status, ConnectionStatus::Connected);
    eventually(SOON, "it is ready", || async {
        let health = running.health().await;
        if health.ready { Ok(()) } else { Err(health) }
    })
    .await;
    running.shutdown().await;
    bus.close().await.unwrap();
}

#[tokio::test]
async fn a_server_that_never_comes_is_an_error_within_each_timeout() {
    let (_server, url) = gone().await;
    let builder = Bus::builder().server(&url).publish_timeout(SHORT).request_timeout(SHORT);
    let bus = builder.close_timeout(SHORT).connect_lazily().await.unwrap();
    let error = soon(bus.publish(&Begun { number: 1 })).await.unwrap_err();
    assert!(
        matches!(
            &error,
            PublishError::Unconfirmed { source: Some(_), .. }
                | PublishError::Unsent { source: Some(_), .. }
        ),
        "{error:?}"
    );
    assert!(error.to_string().contains("there is no connection"), "{error}");
    let error = soon(bus.request(&Count {})).await.unwrap_err();
    assert!(matches!(error, RequestError::Timeout { .. }), "{error:?}");

    // The signal ends what has not begun.
    let (end, ended) = oneshot::channel::<()>();
    let registry = || Registry::new("visitors").handle::<Begun>(handled);
    let ended = async { drop(ended.await) };
    let serving = registry().serve(&bus).with_graceful_shutdown(ended).into_future();
    end.send(()).unwrap();
    assert_eq!(soon(serving).await.expect("an end in order").len(), 0);
    // What can never run does not wait.
    let error = soon(Registry::new("visitors").serve(&bus)).await.unwrap_err();
    assert!(matches!(error, ServeError::Empty { .. }), "{error:?}");

    let starting = tokio::spawn({
        let bus = bus.clone();
        async move { registry().start(&bus).await.map(drop) }
    });
    let error = soon(bus.close()).await.unwrap_err();
    assert!(matches!(error, CloseError::Disconnected(Outage::Away { .. })), "{error:?}");
    let error = soon(starting).await.unwrap().unwrap_err();
    assert!(
        matches!(error, ServeError::Subscribe { source: SubscribeError::Closed, .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_server_that_refuses_is_asked_until_it_does_not() {
    let user = |password: &str| format!("authorization {{ user: ann, password: {password} }}");
    let server = Server::with_config(&user("other")).await;
    let builder = Bus::builder().server(server.url()).user_and_password("ann", "pw");
    let bus = builder.connect_lazily().await.unwrap();
    eventually(SOON, "it is refused", || async {
        match cause(&bus) {
            Outage::Refused { said } if said.contains("authorization") => Ok(()),
            other => Err(other),
        }
    })
    .await;
    let health = bus.health().await;
    let is_told = |reason: &HealthReason| reason.to_string().contains("refuses the credentials");
    assert!(!health.ready && health.reasons.iter().any(is_told), "{health:?}");
    server.reload(&user("pw"));
    eventually(SOON, "it is accepted", || async {
        let health = bus.health().await;
        if health.ready { Ok(()) } else { Err(health) }
    })
    .await;
    bus.close().await.unwrap();
}

#[tokio::test]
async fn what_no_server_could_change_is_an_error_at_once() {
    let to = |url: &str| Bus::builder().server(url);
    let error = to("nats://host:x").connect_lazily().await.unwrap_err();
    assert!(matches!(error, ConnectError::Address { .. }), "{error:?}");
    let error = to("nats://host").credentials_file("no.creds").connect_lazily().await.unwrap_err();
    assert!(matches!(error, ConnectError::File { .. }), "{error:?}");
    let error = to("nats://host").jetstream_domain("a b").connect_lazily().await.unwrap_err();
    assert!(matches!(error, ConnectError::JetStreamPrefix { .. }), "{error:?}");
}
