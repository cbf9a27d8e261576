//! Inboxes where an account may have them.

use tidings::prelude::*;
use tidings::{PublishError, RequestError, SubscribeError};
use tidings_tests::Server;
use tokio::time::Instant;

use crate::{SOON, soon};

/// A user who may listen to his own answers, and to what his services are asked.
const CONFIG: &str = r#"
authorization {
  users: [
    { user: ann, password: pw, permissions: {
        publish: ">",
        subscribe: ["_INBOX_ann.>", "bakery.>", "$SRV.>"]
    } }
  ]
}
"#;

#[derive(EventStream)]
#[stream(name = "LOAVES", subjects("loaves.>"))]
struct Loaves;

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "loaves.baked", stream = Loaves)]
struct Baked {
    number: u32,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema, Request)]
#[request(subject = "bakery.bake", reply = u32)]
struct Bake {
    number: u32,
}

fn ann(server: &Server) -> tidings::BusBuilder {
    Bus::builder().server(server.url()).user_and_password("ann", "pw")
}

/// Everything that waits for an answer does so below the prefix.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_prefix_is_all_that_permissions_must_allow() {
    let server = Server::with_config(CONFIG).await;
    let bus = ann(&server).inbox_prefix("_INBOX_ann").connect().await.unwrap();
    bus.flush().await.unwrap();
    bus.provision::<Loaves>().await.unwrap();
    assert_eq!(bus.publish(&Baked { number: 1 }).await.unwrap().sequence, 1);

    let (sender, mut loaves) = tokio::sync::mpsc::unbounded_channel();
    let handler = move |loaf: Baked, _: Context| {
        let sender = sender.clone();
        async move { Ok(sender.send(loaf.number)?) }
    };
    let bake = |ask: Bake, _: Context| async move { Ok(ask.number + 1) };
    let registry = Registry::new("bakery").handle::<Baked>(handler).handle::<Bake>(bake);
    let running = registry.start(&bus).await.unwrap();
    assert_eq!(soon(loaves.recv()).await, Some(1), "a durable consumer delivers");
    assert_eq!(soon(bus.request(&Bake { number: 1 })).await.unwrap(), 2);
    running.shutdown().await;

    let mut replay = bus.replay::<Baked>(DeliverFrom::Beginning).await.unwrap();
    assert_eq!(soon(replay.next()).await.unwrap().unwrap().number, 1, "a replay delivers");
}

/// Everything says at once that the inbox is missing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_inbox_that_is_forbidden_is_named_at_once() {
    let server = Server::with_config(CONFIG).await;
    let bus = ann(&server).connect().await.unwrap();
    let begun = Instant::now();
    // Each time anew: it may be allowed by then.
    for _ in 0..3 {
        let error = soon(bus.request(&Bake { number: 1 })).await.unwrap_err();
        assert!(matches!(error, RequestError::Denied { .. }), "{error:?}");
        assert!(error.to_string().contains("inbox_prefix"), "{error}");
    }
    let error = soon(bus.publish(&Baked { number: 1 })).await.unwrap_err();
    let PublishError::Denied { subject, source } = &error else { panic!("{error:?}") };
    assert_eq!((subject.as_str(), source.is_inbox), ("loaves.baked", true));
    let error = soon(bus.subscribe::<Baked>()).await.map(drop).unwrap_err();
    assert!(matches!(error, SubscribeError::Denied(_)), "{error:?}");
    let error = soon(bus.flush()).await.unwrap_err();
    assert!(error.to_string().contains("inbox_prefix"), "{error}");
    assert!(begun.elapsed() < SOON / 4, "{:?}", begun.elapsed());
}
