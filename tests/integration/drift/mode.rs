//! A program that may only bind needs no permission to create.

use tidings::prelude::*;
use tidings::{ProvisionError, ServeError, SubscribeError, Topology};
use tidings_tests::Server;
use tokio::sync::mpsc;

use crate::soon;

#[derive(EventStream)]
#[stream(name = "BOUND", subjects("bound.>"))]
struct Bound;

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "bound.thing", stream = Bound)]
struct Thing {}

/// `guest` may neither create nor change nor delete anything.
const CONFIG: &str = r#"
jetstream: enabled
authorization {
    users = [
        { user: owner, password: owner }
        {
            user: guest, password: guest
            permissions {
                publish {
                    deny: [
                        "$JS.API.STREAM.CREATE.>", "$JS.API.STREAM.UPDATE.>",
                        "$JS.API.STREAM.DELETE.>", "$JS.API.CONSUMER.CREATE.>",
                        "$JS.API.CONSUMER.DURABLE.>", "$JS.API.CONSUMER.DELETE.>"
                    ]
                }
            }
        }
    ]
}
"#;

fn registry(name: &str) -> (Registry, mpsc::UnboundedReceiver<()>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let handler = move |_: Thing, _: Context| {
        sender.send(()).unwrap();
        async { Ok(()) }
    };
    (Registry::new(name).handle::<Thing>(handler), receiver)
}

async fn bus(server: &Server, user: &str) -> Bus {
    Bus::builder().servers([server.url()]).user_and_password(user, user).connect().await.unwrap()
}

#[tokio::test]
async fn who_may_only_bind_creates_nothing() {
    let server = Server::with_config(CONFIG).await;
    let (owner, guest) = (bus(&server, "owner").await, bus(&server, "guest").await);
    let bind = |name| {
        let (registry, handled) = registry(name);
        (registry.streams(Topology::BindOnly).consumers(Topology::BindOnly), handled)
    };

    // A stream that is missing is an error, and it is not even tried to make it.
    let error = soon(Box::pin(bind("shop").0.start(&guest))).await.unwrap_err();
    let ServeError::Provision { message, source: ProvisionError::Missing { stream } } = &error
    else {
        panic!("{error:?}");
    };
    assert_eq!((message.as_str(), stream.as_str()), ("bound.thing", "BOUND"), "{error}");

    // And so is a consumer.
    owner.provision::<Bound>().await.unwrap();
    let error = soon(Box::pin(bind("shop").0.start(&guest))).await.unwrap_err();
    let ServeError::Subscribe {
        source: SubscribeError::NoConsumer { stream: "BOUND", consumer },
        ..
    } = &error
    else {
        panic!("{error:?}");
    };
    assert_eq!(consumer, "shop-bound_thing");

    // What somebody else made is used.
    drop(registry("shop").0.start(&owner).await.unwrap().shutdown().await);
    let (bound, mut handled) = bind("shop");
    let running = soon(Box::pin(bound.start(&guest))).await.unwrap();
    owner.publish(&Thing {}).await.unwrap();
    soon(handled.recv()).await.unwrap();
    assert_eq!(running.shutdown().await[0].handled, 1);
}
