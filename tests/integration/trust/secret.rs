//! Secrets are told to nobody: not in any log at `trace`, not by `Debug`, not by an error.

use std::fmt::Write as _;

use nkeys::KeyPair;
use tidings::prelude::*;
use tidings::{BusBuilder, Outage, PublishError};
use tidings_tests::{Log, Server, eventually};
use tracing_subscriber::filter::LevelFilter;

use crate::{SOON, everything, soon};

#[derive(EventStream)]
#[stream(name = "VAULTS", subjects("vaults.>"))]
struct Vaults;

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "vaults.opened", stream = Vaults)]
struct Opened {
    number: u32,
}

/// Runs on this thread alone, whose log is kept, and gives all that was said.
pub(crate) fn listened<F: Future<Output = String>>(doing: F) -> String {
    let (log, _kept) = Log::keep(LevelFilter::TRACE);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let said = runtime.block_on(doing);
    let log = log.text();
    assert!(log.contains("TRACE") && log.contains("connected to NATS"), "the log is kept: {log}");
    format!("{said}\n{log}")
}

/// Connects, publishes, and says all that can be said.
async fn works(builder: BusBuilder) -> String {
    let mut said = format!("{builder:?} {builder:#?}");
    let bus = soon(builder.connect()).await.unwrap();
    write!(said, "{bus:?} {bus:#?}").unwrap();
    bus.provision::<Vaults>().await.unwrap();
    bus.publish(&Opened { number: 1 }).await.unwrap();
    bus.close().await.unwrap();
    said
}

async fn fails(builder: BusBuilder) -> String {
    let said = format!("{builder:?}");
    let error = soon(builder.connect()).await.expect_err("no connection");
    format!("{said} {}", everything(&error))
}

#[test]
fn no_log_error_or_debug_text_has_a_secret() {
    let key = KeyPair::new_user();
    let (seed, other) = (key.seed().unwrap(), KeyPair::new_user().seed().unwrap());
    let said = listened(async {
        let mut said = String::new();
        let server =
            Server::with_config("authorization { user: ann, password: \"s3cret,pw\" }").await;
        let to = || Bus::builder().server(server.url());
        let host = server.url().replace("nats://", "");
        said += &works(to().user_and_password("ann", "s3cret,pw")).await;
        said += &works(Bus::builder().server(format!("nats://ann:s3cret%2Cpw@{host}"))).await;
        said += &fails(to().user_and_password("ann", "wr0ng-s3cret")).await;
        said += &fails(Bus::builder().server(format!("nats://ann:s3cret,pw@{host}"))).await;

        let server = Server::with_config("authorization { token: t0k3n-s3cret }").await;
        let host = server.url().replace("nats://", "");
        said += &works(Bus::builder().server(server.url()).token("t0k3n-s3cret")).await;
        said += &works(Bus::builder().server(format!("t0k3n-s3cret@{host}"))).await;
        said += &fails(Bus::builder().server(format!("nats://wr0ng-s3cret@{host}"))).await;

        let config = format!("authorization {{ users: [ {{ nkey: {} }} ] }}", key.public_key());
        let server = Server::with_config(&config).await;
        said += &works(Bus::builder().server(server.url()).nkey(&seed)).await;
        said += &fails(Bus::builder().server(server.url()).nkey(&other)).await;
        said
    });
    for secret in ["s3cret", "t0k3n", "wr0ng", &seed, &other] {
        let told = said.lines().find(|line| line.contains(secret));
        assert!(told.is_none(), "{told:?}");
    }
}

/// The server is told another password, and the old one again, under a live connection.
#[test]
fn a_password_that_changes_under_a_connection_is_refused_until_it_is_right_again() {
    let user = |password: &str| format!("authorization {{ user: ann, password: {password} }}");
    let said = listened(async {
        let server = Server::with_config(&user("f1rst-s3cret")).await;
        let builder = Bus::builder().server(server.url()).user_and_password("ann", "f1rst-s3cret");
        let limit = Duration::from_millis(500);
        let bus = builder.publish_timeout(limit).ack_timeout(limit).connect().await.unwrap();
        bus.provision::<Vaults>().await.unwrap();
        let mut heard = bus.subscribe::<Opened>().await.unwrap();
        bus.publish(&Opened { number: 1 }).await.unwrap();
        assert_eq!(soon(heard.next()).await.unwrap().unwrap().number, 1);

        server.reload(&user("s3cond-s3cret"));
        let mut said = String::new();
        let refused = eventually(SOON, "the password is refused", || async {
            match bus.publish(&Opened { number: 2 }).await {
                Err(
                    PublishError::Unconfirmed { source: Some(outage), .. }
                    | PublishError::Unsent { source: Some(outage), .. },
                ) if matches!(*outage, Outage::Refused { .. }) => Ok(everything(&*outage)),
                other => Err(other.map(|ack| ack.sequence)),
            }
        });
        said += &refused.await;

        server.reload(&user("f1rst-s3cret"));
        let back = eventually(SOON, "the password is right again", || async {
            bus.publish(&Opened { number: 3 }).await
        });
        back.await;
        while soon(heard.next()).await.unwrap().unwrap().number != 3 {}
        bus.close().await.unwrap();
        said
    });
    for secret in ["f1rst", "s3cond", "s3cret"] {
        let told = said.lines().find(|line| line.contains(secret));
        assert!(told.is_none(), "{told:?}");
    }
}
