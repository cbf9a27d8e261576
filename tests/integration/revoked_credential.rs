//! Credentials that hold no more: whatever fails for it says so.

use std::time::Duration;

use tidings::prelude::*;
use tidings::{CloseError, Outage, PublishError, RequestError, SubscribeError};
use tidings_tests::{Server, eventually};
use tokio::time::timeout;

use crate::{SOON, soon};

const TIMEOUT: Duration = Duration::from_millis(800);

#[derive(EventStream)]
#[stream(name = "KEYS", subjects("keys.>"), allow_atomic_publish)]
struct Keys;

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "keys.cut", stream = Keys)]
struct Cut {
    number: u32,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema, Request)]
#[request(subject = "locks.count", reply = u32)]
struct Count {}

fn users(names: &[&str]) -> String {
    let user = |name: &&str| format!("{{ user: {name}, password: pw }}");
    let users: Vec<String> = names.iter().map(user).collect();
    format!("authorization {{ users: [{}] }}", users.join(", "))
}

/// Asserts that an error names the refusal, in its text and as its source.
fn is_refused(error: &(dyn std::error::Error + 'static)) {
    let text = error.to_string();
    assert!(text.contains("refuses the credentials"), "{text}");
    assert!(text.to_lowercase().contains("authorization violation"), "what it says: {text}");
    let mut source = error.source();
    while let Some(cause) = source {
        let boxed = cause.downcast_ref::<Box<Outage>>().map(|outage| &**outage);
        if let Some(outage) = cause.downcast_ref::<Outage>().or(boxed) {
            assert!(matches!(outage, Outage::Refused { .. }), "{outage:?}");
            return;
        }
        source = cause.source();
    }
    panic!("no outage is its source: {error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_who_is_revoked_is_told_so() {
    let mut server = Server::with_config(&users(&["ann", "bob"])).await;
    let builder = Bus::builder().server(server.url()).user_and_password("ann", "pw");
    let builder = builder.publish_timeout(TIMEOUT).request_timeout(TIMEOUT);
    let bus = builder.ack_timeout(TIMEOUT / 2).connect().await.unwrap();
    bus.provision::<Keys>().await.unwrap();
    bus.publish(&Cut { number: 1 }).await.unwrap();
    server.reload(&users(&["bob"]));
    eventually(SOON, "the connection ends", || async {
        match timeout(SOON, bus.publish(&Cut { number: 2 })).await {
            Ok(Err(PublishError::Unconfirmed { source: Some(_), .. })) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    for _ in 0..2 {
        let error = soon(bus.publish(&Cut { number: 3 })).await.unwrap_err();
        assert!(matches!(error, PublishError::Unconfirmed { .. }), "{error:?}");
        is_refused(&error);
        let error = soon(bus.request(&Count {})).await.unwrap_err();
        assert!(matches!(error, RequestError::Timeout { .. }), "{error:?}");
        is_refused(&error);
    }
    let mut batch = bus.atomic();
    for number in [4, 5] {
        batch.add(&Cut { number }).unwrap();
    }
    is_refused(&soon(batch.publish()).await.unwrap_err());
    let error = soon(bus.consume::<Cut>("smiths")).await.unwrap_err();
    assert!(matches!(error, SubscribeError::Disconnected(_)), "{error:?}");
    is_refused(&error);
    is_refused(&soon(bus.provision::<Keys>()).await.unwrap_err());
    is_refused(&soon(bus.stream::<Keys>().state()).await.unwrap_err());
    // Back as soon as they hold again.
    server.reload(&users(&["ann", "bob"]));
    eventually(SOON, "it is back", || async {
        bus.publish(&Cut { number: 6 }).await.map_err(|error| error.to_string())
    })
    .await;
    // A server that is only away refuses nobody.
    server.kill();
    eventually(SOON, "it is away", || async {
        match bus.publish(&Cut { number: 7 }).await {
            Err(PublishError::Unconfirmed { source: Some(outage), .. })
                if matches!(*outage, Outage::Away { .. }) =>
            {
                Ok(())
            }
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    let error = soon(bus.close_within(TIMEOUT)).await.unwrap_err();
    assert!(matches!(error, CloseError::Disconnected(Outage::Away { .. })), "{error:?}");
}
