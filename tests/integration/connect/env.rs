//! `Bus::from_env`, in a process of its own: the example's API, which places no order and ends.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use nkeys::KeyPair;
use tidings_tests::{Server, example_path};
use tokio::process::Command;

use super::certificate::Certificates;
use crate::soon;

/// Runs an example with these variables; its standard error if it fails.
async fn run(server: &Server, variables: &[(&str, &Path)]) -> Result<(), String> {
    let mut command = Command::new(example_path("order_flow"));
    for name in ["USER", "PASSWORD", "TOKEN", "NKEY", "CREDS", "CA", "CERT", "KEY"] {
        command.env_remove(format!("NATS_{name}"));
    }
    command.args(["--role", "api", "--orders", "0"]).env("NATS_URL", server.url());
    command.envs(variables.iter().copied()).stdin(Stdio::null()).kill_on_drop(true);
    let output = soon(command.output()).await.unwrap();
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8(output.stderr).unwrap())
}

/// Asserts that it fails, and that what it says has no secret.
async fn fails(server: &Server, variables: &[(&str, &Path)], secrets: &[&str]) {
    let said = run(server, variables).await.expect_err("no connection");
    assert!(said.contains(&server.url()), "{said}");
    assert!(secrets.iter().all(|secret| !said.contains(secret)), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_tokens_and_keys_are_read_from_the_environment() {
    let text = Path::new;
    let server = Server::with_config("authorization { user: ann, password: pw }").await;
    let ann = ("NATS_USER", text("ann"));
    run(&server, &[ann, ("NATS_PASSWORD", text("pw"))]).await.unwrap();
    // An empty variable counts as not set.
    run(&server, &[ann, ("NATS_PASSWORD", text("pw")), ("NATS_TOKEN", text(""))]).await.unwrap();
    fails(&server, &[ann, ("NATS_PASSWORD", text("wr0ng"))], &["wr0ng"]).await;
    fails(&server, &[], &[]).await;

    let server = Server::with_config("authorization { token: t0k3n }").await;
    run(&server, &[("NATS_TOKEN", text("t0k3n"))]).await.unwrap();
    fails(&server, &[("NATS_TOKEN", text("wr0ng"))], &["wr0ng"]).await;

    let key = KeyPair::new_user();
    let config = format!("authorization {{ users: [ {{ nkey: {} }} ] }}", key.public_key());
    let server = Server::with_config(&config).await;
    run(&server, &[("NATS_NKEY", text(&key.seed().unwrap()))]).await.unwrap();
    let other = KeyPair::new_user().seed().unwrap();
    fails(&server, &[("NATS_NKEY", text(&other))], &[&other]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_are_read_from_the_environment() {
    let certificates = Certificates::new();
    let server = Server::with_config(&certificates.config("verify: true")).await;
    let [authority, certificate, key] =
        ["ca.pem", "client.pem", "client.key"].map(|name| certificates.path(name));
    let authority = ("NATS_CA", authority.as_path());
    let pair = [("NATS_CERT", certificate.as_path()), ("NATS_KEY", key.as_path())];
    run(&server, &[authority, pair[0], pair[1]]).await.unwrap();
    fails(&server, &[authority], &[]).await;
    fails(&server, &pair, &[]).await;

    let (server, jwt, seed) = super::operator::with_user().await;
    let file = server.directory().join("ann.creds");
    fs::write(&file, super::operator::creds(&jwt, &seed)).unwrap();
    // It has no JetStream for its account: connected, it fails for another reason.
    let said = run(&server, &[("NATS_CREDS", &file)]).await.unwrap_err();
    assert!(said.contains("JetStream"), "{said}");
    fails(&server, &[], &[&seed]).await;
}
