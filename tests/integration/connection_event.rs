//! Changes of a connection are told as events, and its state says how it is.

use std::time::{Duration, SystemTime};

use tidings::prelude::*;
use tidings::{
    ConnectionEvent, ConnectionEventKind, ConnectionEvents, ConnectionRole, ConnectionStatus,
    DeniedAction, Outage, PublishError,
};
use tidings_tests::{Server, eventually};
use tokio::time::Instant;

use crate::{SOON, soon};

#[derive(EventStream)]
#[stream(name = "LAMPS", subjects("lamps.>"))]
struct Lamps;

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "lamps.lit", stream = Lamps)]
struct Lit {
    number: u32,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "shades.drawn")]
struct Drawn {
    number: u32,
}

/// The next event of this kind, of the connection that publishes; others are passed over.
async fn heard(
    events: &mut ConnectionEvents,
    kind: impl Fn(&ConnectionEventKind) -> bool,
) -> ConnectionEvent {
    loop {
        let event = soon(events.next()).await.expect("an event");
        if event.connection == ConnectionRole::Main && kind(&event.kind) {
            return event;
        }
    }
}

#[tokio::test]
async fn a_server_that_goes_and_comes_is_told_of() {
    let mut server = Server::start().await;
    let bus = Bus::connect(server.url()).await.unwrap();
    let mut events = bus.events();
    let event = heard(&mut events, |_| true).await;
    assert_eq!((event.kind, event.address), (ConnectionEventKind::Connected, Some(server.url())));
    bus.flush().await.unwrap();
    let state = bus.state();
    assert_eq!(state.status, ConnectionStatus::Connected);
    assert!(state.round_trip.is_some_and(|took| took < SOON) && !state.lame_duck, "{state:?}");
    let known = state.server.expect("a server");
    assert_eq!(known.name, server.name());
    assert_eq!(known.address, Some(server.url()));
    assert!(known.version.starts_with('2') && !known.id.is_empty(), "{known:?}");

    let before = SystemTime::now();
    server.kill();
    let lost = heard(&mut events, |kind| matches!(kind, ConnectionEventKind::Disconnected { .. }));
    let lost = lost.await;
    assert_eq!(lost.address, Some(server.url()));
    let ConnectionEventKind::Disconnected { cause: Outage::Away { .. } } = lost.kind else {
        panic!("{lost:?}")
    };
    let ConnectionStatus::Reconnecting { since, cause: Outage::Away { .. } } = bus.state().status
    else {
        panic!("{:?}", bus.state())
    };
    assert!(since >= before && since <= SystemTime::now());

    server.restart().await;
    heard(&mut events, |kind| *kind == ConnectionEventKind::Reconnected).await;
    assert_eq!(bus.state().status, ConnectionStatus::Connected);
    bus.close().await.unwrap();
    heard(&mut events, |kind| *kind == ConnectionEventKind::Closed).await;
    assert_eq!(events.next().await, None);
}

#[tokio::test]
async fn a_denial_and_its_subject_are_told() {
    let config = "authorization { users: [ { user: ann, password: s3cret, \
                  permissions: { publish: { deny: \"shades.>\" } } } ] }";
    let server = Server::with_config(config).await;
    let builder = Bus::builder().server(server.url()).user_and_password("ann", "s3cret");
    let bus = builder.connect().await.unwrap();
    let mut events = bus.events();
    bus.publish(&Drawn { number: 1 }).await.unwrap();
    let denied =
        heard(&mut events, |kind| matches!(kind, ConnectionEventKind::PermissionDenied(_)));
    let event = denied.await;
    assert!(event.to_string().contains("shades.drawn") && !format!("{event:?}").contains("s3cret"));
    let ConnectionEventKind::PermissionDenied(denial) = event.kind else { unreachable!() };
    assert_eq!((denial.action, &*denial.subject), (DeniedAction::Publish, "shades.drawn"));
}

#[tokio::test]
async fn what_else_a_server_says_is_told() {
    let server = Server::with_config("max_subscriptions: 6").await;
    let bus = Bus::connect(server.url()).await.unwrap();
    let mut events = bus.events();
    let mut heard = Vec::new();
    for number in 0..8 {
        // The last ones are none.
        heard.push(bus.subscribe_raw(format!("lamps.{number}")).await);
    }
    let said = loop {
        let event = soon(events.next()).await.expect("an event");
        if let ConnectionEventKind::ServerError { said } = &event.kind {
            assert_eq!(event.address, Some(server.url()), "{event:?}");
            break said.clone();
        }
    };
    assert!(said.contains("subscriptions"), "{said}");
}

#[tokio::test]
async fn a_listener_that_is_slow_is_told_how_much_it_missed() {
    let config = "authorization { users: [ { user: ann, password: pw, \
                  permissions: { publish: { deny: \"shades.>\" } } } ] }";
    let server = Server::with_config(config).await;
    let builder = Bus::builder().server(server.url()).user_and_password("ann", "pw");
    let bus = builder.connect().await.unwrap();
    let mut events = bus.events();
    heard(&mut events, |kind| *kind == ConnectionEventKind::Connected).await;
    for number in 0..400 {
        // Each is told by the server; the publish itself may say so, too.
        let _ = bus.publish(&Drawn { number }).await;
        let _ = bus.flush().await;
    }
    let missed = heard(&mut events, |kind| matches!(kind, ConnectionEventKind::Missed(_))).await;
    assert!(matches!(missed.kind, ConnectionEventKind::Missed(events) if events > 0), "{missed:?}");
    heard(&mut events, |kind| matches!(kind, ConnectionEventKind::PermissionDenied(_))).await;
}

/// A server that is about to stop says so; what is published goes on at another one.
#[tokio::test]
async fn a_lame_duck_is_told_and_publishing_goes_on_elsewhere() {
    let config = "lame_duck_grace_period: 1s\nlame_duck_duration: 30s";
    let mut servers = [Server::with_config(config).await, Server::with_config(config).await];
    for server in &servers {
        Bus::connect(server.url()).await.unwrap().provision::<Lamps>().await.unwrap();
    }
    let bus = Bus::builder().servers(servers.iter().map(Server::url)).connect().await.unwrap();
    let mut events = bus.events();
    let first = bus.state().server.unwrap();
    let on_first = usize::from(servers[0].name() != first.name);
    servers[on_first].lame_duck();
    let told = heard(&mut events, |kind| *kind == ConnectionEventKind::LameDuck).await;
    assert_eq!(told.address, Some(servers[on_first].url()));
    assert!(bus.state().lame_duck);
    let health = bus.health().await;
    assert!(!health.ready || !bus.state().lame_duck, "while it is on that one: {health:?}");
    let left = async {
        let mut number = 0;
        while bus.state().server.is_some_and(|server| server.name == first.name) {
            bus.publish(&Lit { number }).await.expect("stored, here or there");
            number += 1;
        }
    };
    tokio::time::timeout(SOON * 3, left).await.expect("it goes to the other one");
    bus.publish(&Lit { number: 0 }).await.expect("stored there");
    let state = bus.state();
    assert_eq!(state.server.unwrap().name, servers[1 - on_first].name());
    assert!(!state.lame_duck, "the other one is none");
    let health = bus.health().await;
    assert!(health.ready, "{health:?}");
    servers[on_first].kill();
}

#[tokio::test]
async fn attempts_to_reconnect_end_where_that_is_said() {
    let mut server = Server::start().await;
    let builder = Bus::builder().server(server.url()).max_reconnects(3);
    let delay = Duration::from_millis(10);
    let bus =
        builder.reconnect_delay(delay, delay * 2).ping_interval(delay).connect().await.unwrap();
    let mut events = bus.events();
    let mut listening = bus.subscribe::<Drawn>().await.unwrap();
    server.kill();
    let closed = heard(&mut events, |kind| *kind == ConnectionEventKind::Closed).await;
    assert_eq!(closed.address, Some(server.url()));
    assert_eq!(bus.state().status, ConnectionStatus::Closed);
    assert!(soon(listening.next()).await.is_none(), "a subscription ends");
    let begun = Instant::now();
    let given_up = eventually(SOON, "publishing says why", || async {
        match bus.publish(&Drawn { number: 1 }).await {
            Err(PublishError::Disconnected {
                source: Outage::GivenUp { attempts, .. }, ..
            }) => Ok(attempts),
            other => Err(format!("{other:?}")),
        }
    });
    assert_eq!(given_up.await, 3);
    assert!(begun.elapsed() < SOON);
}
