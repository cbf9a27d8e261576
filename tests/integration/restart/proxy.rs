//! A wire between a client and its server that loses what a test wants it to lose.

use std::sync::{Arc, Mutex};

use tidings_tests::Server;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Takes connections and passes on what comes, in both directions.
pub(super) struct Proxy {
    url: String,
    to_server: Direction,
    to_client: Direction,
    cuts: watch::Sender<u32>,
    accepting: JoinHandle<()>,
}

/// What was lost on the way; `None` while nothing is to be lost.
type Direction = Arc<Mutex<Option<Vec<u8>>>>;

impl Proxy {
    pub(super) async fn start(server: &Server) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("nats://{}", listener.local_addr().unwrap());
        let to = server.url().replace("nats://", "");
        let (to_server, to_client) = (Direction::default(), Direction::default());
        let cuts = watch::channel(0).0;
        let accepting = tokio::spawn({
            let (to_server, to_client) = (Arc::clone(&to_server), Arc::clone(&to_client));
            let cuts = cuts.clone();
            async move {
                while let Ok((client, _)) = listener.accept().await {
                    let Ok(server) = TcpStream::connect(&to).await else { continue };
                    let (from_client, client) = client.into_split();
                    let (from_server, server) = server.into_split();
                    let asking = carry(from_client, server, Arc::clone(&to_server));
                    let answering = carry(from_server, client, Arc::clone(&to_client));
                    let mut cut = cuts.subscribe();
                    tokio::spawn(async move {
                        tokio::select! {
                            _ = asking => {}
                            _ = answering => {}
                            _ = cut.changed() => {}
                        }
                    });
                }
            }
        });
        Self { url, to_server, to_client, cuts, accepting }
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// From now on what the server says is lost.
    pub(super) fn lose_answers(&self) {
        self.to_client.lock().unwrap().get_or_insert_default();
    }

    /// From now on what the client says is lost.
    pub(super) fn lose_questions(&self) {
        self.to_server.lock().unwrap().get_or_insert_default();
    }

    /// What the client said and was lost.
    pub(super) fn lost_questions(&self) -> String {
        let lost = self.to_server.lock().unwrap().clone();
        String::from_utf8_lossy(&lost.unwrap_or_default()).into_owned()
    }

    /// Cuts all connections; new ones lose nothing.
    pub(super) fn cut(&self) {
        // What is lost stays lost: the connections end first.
        self.cuts.send_modify(|cuts| *cuts += 1);
        for direction in [&self.to_server, &self.to_client] {
            *direction.lock().unwrap() = None;
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// One way, until the side that speaks ends.
async fn carry(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    direction: Direction,
) -> std::io::Result<()> {
    let mut bytes = vec![0; 64 * 1024];
    loop {
        let count = from.read(&mut bytes).await?;
        if count == 0 {
            return Ok(());
        }
        if let Some(lost) = &mut *direction.lock().unwrap() {
            lost.extend_from_slice(&bytes[..count]);
            continue;
        }
        to.write_all(&bytes[..count]).await?;
    }
}
