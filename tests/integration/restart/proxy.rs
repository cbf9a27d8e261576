//! A wire between a client and its server that loses what a test wants it to lose.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tidings_tests::Server;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Takes connections and passes on what comes, in both directions.
pub(super) struct Proxy {
    url: String,
    deaf: Arc<AtomicBool>,
    cuts: watch::Sender<u32>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    pub(super) async fn start(server: &Server) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("nats://{}", listener.local_addr().unwrap());
        let to = server.url().replace("nats://", "");
        let (deaf, cuts) = (Arc::new(AtomicBool::new(false)), watch::channel(0).0);
        let accepting = tokio::spawn({
            let (deaf, cuts) = (Arc::clone(&deaf), cuts.clone());
            async move {
                while let Ok((client, _)) = listener.accept().await {
                    let Ok(server) = TcpStream::connect(&to).await else { continue };
                    let (deaf, mut cut) = (Arc::clone(&deaf), cuts.subscribe());
                    tokio::spawn(async move {
                        tokio::select! {
                            () = carry(client, server, &deaf) => {}
                            _ = cut.changed() => {}
                        }
                    });
                }
            }
        });
        Self { url, deaf, cuts, accepting }
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// From now on what the server says is lost.
    pub(super) fn lose_answers(&self) {
        self.deaf.store(true, Ordering::SeqCst);
    }

    /// Cuts all connections; new ones lose nothing.
    pub(super) fn cut(&self) {
        self.deaf.store(false, Ordering::SeqCst);
        self.cuts.send_modify(|cuts| *cuts += 1);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Until one side ends.
async fn carry(client: TcpStream, server: TcpStream, deaf: &AtomicBool) {
    let ((mut from_client, mut to_client), (mut from_server, mut to_server)) =
        (client.into_split(), server.into_split());
    let asking = async { tokio::io::copy(&mut from_client, &mut to_server).await.map(drop) };
    let answering = async {
        let mut bytes = vec![0; 64 * 1024];
        loop {
            let count = from_server.read(&mut bytes).await?;
            if count == 0 {
                return Ok::<(), std::io::Error>(());
            }
            if !deaf.load(Ordering::SeqCst) {
                to_client.write_all(&bytes[..count]).await?;
            }
        }
    };
    tokio::select! { _ = asking => {}, _ = answering => {} }
}
