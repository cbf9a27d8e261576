//! The example `health` as a process: what its probes answer while its server is away, and how it ends.

use std::process::Stdio;

use tidings_tests::{Server, eventually, example_path, signal};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{Duration, timeout};

use crate::SOON;

/// The time that Kubernetes gives a pod after SIGTERM.
const GRACE_PERIOD: Duration = Duration::from_secs(30);

/// Longest time that a service whose server has gone may be taken for ready.
const NOTICED: Duration = Duration::from_secs(2);

/// A service that answers probes.
struct Probed {
    process: Child,
    address: String,
}

impl Probed {
    async fn start(urls: &str) -> Self {
        let mut process = Command::new(example_path("health"))
            .env("NATS_URL", urls)
            .env("PORT", "0")
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the example starts");
        let mut lines = BufReader::new(process.stdout.take().expect("piped")).lines();
        let line = timeout(SOON, lines.next_line()).await.expect("in time").expect("text");
        let line = line.expect("its address");
        let address = line.trim_start_matches("http://").trim_end_matches("/ready").to_owned();
        // It goes on to print, which nobody reads.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self { process, address }
    }

    /// The status of an answer.
    async fn ask(&self, path: &str) -> Result<String, std::io::Error> {
        let mut stream = TcpStream::connect(&self.address).await?;
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok(answer.split(' ').nth(1).unwrap_or_default().to_owned())
    }

    async fn becomes(&self, status: &str) {
        self.becomes_within(SOON, status).await;
    }

    async fn becomes_within(&self, time: Duration, status: &str) {
        eventually(time, format_args!("/ready answers {status}"), async || {
            let answered = self.ask("/ready").await.map_err(|error| error.to_string())?;
            if answered == status { Ok(()) } else { Err(answered) }
        })
        .await;
    }

    /// Ends as Kubernetes has it.
    async fn end(mut self) {
        signal("TERM", self.process.id().expect("it runs"));
        let ended = timeout(GRACE_PERIOD, self.process.wait()).await;
        assert!(ended.expect("within the grace period").unwrap().success());
    }
}

#[tokio::test]
async fn a_service_is_ready_while_its_server_is_there_and_ends_within_the_grace_period() {
    let mut server = Server::start().await;
    let probed = Probed::start(&server.url()).await;
    probed.becomes("200").await;

    server.kill();
    probed.becomes_within(NOTICED, "503").await;
    // Another process would not help.
    assert_eq!(probed.ask("/live").await.unwrap(), "200");

    server.restart().await;
    probed.becomes("200").await;

    server.kill();
    probed.becomes("503").await;
    probed.end().await;
}

#[tokio::test]
async fn a_service_is_not_ready_until_it_has_left_a_server_that_is_about_to_stop() {
    let config = "lame_duck_grace_period: 3s\nlame_duck_duration: 30s";
    let servers = [Server::with_config(config).await, Server::with_config(config).await];
    // Each has the stream and the consumer, as the servers of a cluster do.
    for server in &servers {
        let probed = Probed::start(&server.url()).await;
        probed.becomes("200").await;
        probed.end().await;
    }
    let probed = Probed::start(&servers.each_ref().map(Server::url).join(",")).await;
    probed.becomes("200").await;
    let connected = servers[0].monitor("/connz").await["num_connections"].as_u64();
    servers[usize::from(connected == Some(0))].lame_duck();
    probed.becomes_within(NOTICED, "503").await;
    probed.becomes("200").await;
    assert_eq!(probed.ask("/live").await.unwrap(), "200");
    probed.end().await;
}
