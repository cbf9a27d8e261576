//! Three users with no more rights than their parts ask for: the configuration that SECURITY.md
//! shows, and what is denied with it.

use std::process::Stdio;

use tidings::prelude::*;
use tidings::{DeadLetterFilter, StreamError, SubscribeError};
use tidings_tests::{Server, eventually, example_path, signal};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::{SOON, soon};

const CONFIG: &str = include_str!("../../../examples/permissions.conf");
const PASSWORD: &str = "change-me";

/// The stream of the shop's orders, as the shop declares it.
#[derive(EventStream)]
#[stream(name = "ORDERS", subjects("orders.>"), max_age = "7d", duplicate_window = "2m")]
struct Orders;

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.{region}.created", stream = Orders, name = "orders.created")]
struct Created {
    #[event(id)]
    order_id: Uuid,
    region: String,
}

async fn user(server: &Server, name: &str) -> Bus {
    let builder = Bus::builder().server(server.url()).user_and_password(name, PASSWORD);
    builder.inbox_prefix(format!("_INBOX.{name}")).connect().await.unwrap()
}

/// An example, run as this user.
fn example(server: &Server, user: &str, name: &str, arguments: &[&str]) -> Child {
    let mut command = Command::new(example_path(name));
    for variable in ["NATS_TOKEN", "NATS_NKEY", "NATS_CREDS", "NATS_CA", "NATS_CERT", "NATS_KEY"] {
        command.env_remove(variable);
    }
    command.args(arguments).env("NATS_URL", server.url());
    command.env("NATS_USER", user).env("NATS_PASSWORD", PASSWORD);
    command.env("NATS_INBOX_PREFIX", format!("_INBOX.{user}"));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
    command.spawn().expect("the example starts")
}

/// The next line of a program that holds this.
async fn says(program: &mut BufReader<tokio::process::ChildStdout>, text: &str) {
    let mut line = String::new();
    while !line.contains(text) {
        line.clear();
        let read = soon(program.read_line(&mut line)).await.unwrap();
        assert!(read > 0, "it ends without saying {text:?}");
    }
}

/// Denials of the server so far, each once.
fn denied(server: &Server) -> Vec<String> {
    let log = std::fs::read_to_string(server.directory().join("server.log")).unwrap();
    let mut denied: Vec<String> = log
        .lines()
        .filter_map(|line| line.split_once(" Violation").map(|(_, what)| what.to_owned()))
        .collect();
    denied.sort();
    denied.dedup();
    denied
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_part_runs_with_no_more_than_its_rights() {
    let server = Server::with_config(CONFIG).await;
    let operator = user(&server, "operator").await;
    operator.provision::<Orders>().await.unwrap();

    let mut services = Vec::new();
    for role in ["orders", "inventory", "payments", "notifications", "analytics", "audit"] {
        let mut service = example(&server, "service", "order_flow", &["--role", role]);
        let mut said = BufReader::new(service.stdout.take().unwrap());
        says(&mut said, "listens").await;
        services.push((role, service, said));
    }
    let api = ["--role", "api", "--orders", "6"];
    let ordered = example(&server, "publisher", "order_flow", &api);
    let ordered = soon(ordered.wait_with_output()).await.unwrap();
    assert!(ordered.status.success(), "{ordered:?}");
    assert_eq!(String::from_utf8_lossy(&ordered.stdout).matches("confirmed").count(), 6);
    for (role, _, said) in &mut services {
        if let Some(done) = match *role {
            "notifications" => Some("mailed"),
            "analytics" => Some("sold"),
            "audit" => Some("is 6"),
            _ => None,
        } {
            says(said, done).await;
        }
    }
    for (role, service, _) in &mut services {
        signal("INT", service.id().unwrap());
        let status = soon(service.wait()).await.unwrap();
        assert!(status.success(), "{role}: {status}");
    }
    let quickstart = example(&server, "service", "quickstart", &[]);
    let quickstart = soon(quickstart.wait_with_output()).await.unwrap();
    assert!(quickstart.status.success(), "{quickstart:?}");

    for registry in ["notifications", "audit", "shop"] {
        let letters = operator.dead_letters(registry);
        let mut letters = letters.list(DeadLetterFilter::default());
        assert!(soon(letters.next()).await.is_none(), "{registry} has none, and that may be asked");
    }
    assert_eq!(denied(&server), [""; 0], "nothing that they need is denied");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_publishes_does_no_more_than_that() {
    let server = Server::with_config(CONFIG).await;
    user(&server, "operator").await.provision::<Orders>().await.unwrap();
    let publisher = user(&server, "publisher").await;
    let created = Created { order_id: Uuid::now_v7(), region: "eu".into() };
    assert_eq!(publisher.publish(&created).await.unwrap().sequence, 1);

    let refused = publisher.subscribe::<Created>().await;
    let refused = match refused {
        Err(error) => error,
        // The server says so a moment later.
        Ok(mut heard) => match soon(heard.next()).await.unwrap() {
            Err(tidings::ReceiveError::Denied(denial)) => SubscribeError::Denied(denial),
            other => panic!("{other:?}"),
        },
    };
    assert!(matches!(refused, SubscribeError::Denied(_)), "{refused:?}");
    let error = publisher.stream::<Orders>().purge().await.unwrap_err();
    assert!(matches!(error, StreamError::Denied { .. }), "{error:?}");
    let service = user(&server, "service").await;
    let error = service.stream::<Orders>().delete().await.unwrap_err();
    assert!(matches!(error, StreamError::Denied { .. }), "{error:?}");

    let options =
        async_nats::ConnectOptions::with_user_and_password("publisher".into(), PASSWORD.into());
    let raw = server.client_with(options.custom_inbox_prefix("_INBOX.publisher")).await;
    let forbidden = [
        "_INBOX.service.x",
        "_dead_letters.notifications-dead-letters.ORDERS.x.orders.eu.created",
        "$JS.ACK.ORDERS.notifications-orders_created.1.1.1.1.0",
        "$JS.API.CONSUMER.DELETE.ORDERS.notifications-orders_created",
    ];
    for subject in forbidden {
        raw.publish(subject, "".into()).await.unwrap();
    }
    let _heard = raw.subscribe("_INBOX.service.>").await.unwrap();
    raw.flush().await.unwrap();
    eventually(SOON, "all of them are denied", || async {
        let denied = denied(&server);
        let all = forbidden.iter().chain([&"_INBOX.service.>"]);
        let allowed: Vec<_> =
            all.filter(|subject| !denied.iter().any(|line| line.contains(**subject))).collect();
        if allowed.is_empty() { Ok(()) } else { Err(format!("{allowed:?}")) }
    })
    .await;
}
