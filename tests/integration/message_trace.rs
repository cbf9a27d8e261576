//! The way of a message, as servers tell it.

use tidings::prelude::*;
use tidings::{ConnectionKind, TraceError, TraceEventKind};
use tidings_tests::{Cluster, Server};

use crate::soon;

#[derive(EventStream)]
#[stream(name = "TRAILS", subjects("trails.>"))]
struct Trails;

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "trails.walked.{number}", stream = Trails)]
struct Walked {
    number: u64,
}

#[tokio::test]
async fn a_server_tells_who_would_get_a_message() {
    let server = Server::start().await;
    let bus = Bus::connect(&server.url()).await.unwrap();
    bus.provision::<Trails>().await.unwrap();
    let mut heard = bus.subscribe_raw("trails.*.7").queue_group("walkers").await.unwrap();

    let report = bus.trace("trails.walked.7").payload("{}").await.unwrap();
    assert!(report.is_complete(), "{report}");
    assert_eq!(report.streams().collect::<Vec<_>>(), ["TRAILS"]);
    assert_eq!(report.subscriptions().collect::<Vec<_>>(), ["trails.*.7"]);
    assert_eq!(report.errors().count(), 0, "{report}");
    let [only] = &report.servers[..] else { panic!("{report:?}") };
    let info = bus.state().server.unwrap();
    assert_eq!((&only.server.name, &only.server.version), (&info.name, &info.version));
    assert_eq!((only.hop.as_deref(), only.hops), (None, 0));
    let TraceEventKind::Ingress {
        connection: ConnectionKind::Client, subject, error: None, ..
    } = &only.events[0].kind
    else {
        panic!("{only:?}")
    };
    assert_eq!(subject, "trails.walked.7");
    assert!(only.events[0].at.is_some());
    let told = report.to_string();
    assert!(told.contains("to stream `TRAILS`") && told.contains("`walkers`"), "{told}");

    // It reached nobody; one that is delivered does.
    assert_eq!(bus.stream::<Trails>().state().await.unwrap().messages, 0);
    let delivered = bus.trace("trails.walked.7").payload("{\"number\":7}").deliver();
    assert_eq!(delivered.await.unwrap().streams().count(), 1);
    let message = soon(heard.next()).await.unwrap().unwrap();
    assert_eq!(message.decode::<Walked>().unwrap().number, 7);
    assert_eq!(bus.stream::<Trails>().state().await.unwrap().messages, 1);
}

#[tokio::test]
async fn a_mapping_is_told() {
    let config = "mappings = { \"old.*\": \"trails.walked.{{wildcard(1)}}\" }\njetstream { }";
    let server = Server::with_config(config).await;
    let bus = Bus::connect(&server.url()).await.unwrap();
    bus.provision::<Trails>().await.unwrap();
    let report = bus.trace("old.7").await.unwrap();
    assert_eq!(report.streams().collect::<Vec<_>>(), ["TRAILS"], "{report}");
    let mapped = report.events().find_map(|event| match &event.kind {
        TraceEventKind::SubjectMapping { to } => Some(to.as_str()),
        _ => None,
    });
    assert_eq!(mapped, Some("trails.walked.7"), "{report}");
}

#[tokio::test]
async fn each_server_of_the_way_tells() {
    let cluster = Cluster::start(3).await;
    let here = Bus::connect(&cluster.server(0).url()).await.unwrap();
    let there = Bus::connect(&cluster.server(1).url()).await.unwrap();
    let _heard = there.subscribe_raw("trails.>").await.unwrap();
    here.flush().await.unwrap();
    let report = tidings_tests::eventually(crate::SOON, "both servers tell of it", || async {
        let report = here.trace("trails.walked.7").await.unwrap();
        if report.servers.len() == 2 { Ok(report) } else { Err(report.to_string()) }
    })
    .await;
    assert!(report.is_complete());
    assert_eq!(report.servers[1].hop.as_deref(), Some("1"));
    assert_eq!(report.subscriptions().collect::<Vec<_>>(), ["trails.>"]);
}

#[tokio::test]
async fn mistakes_are_told_at_once() {
    let bus = Bus::in_memory();
    assert!(matches!(bus.trace("trails.walked.7").await, Err(TraceError::InMemory)));
    for subject in ["", "trails.*", "trails..x"] {
        let error = bus.trace(subject).await.unwrap_err();
        assert!(matches!(error, TraceError::Subject { .. }), "{error:?}");
    }
    let header = bus.trace("trails.walked.7").header("Nats-Trace-Dest", "x").await;
    assert!(matches!(header, Err(TraceError::Header(_))));
}
