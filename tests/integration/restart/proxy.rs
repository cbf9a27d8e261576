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
    last_words: LastWords,
    cuts: watch::Sender<u32>,
    accepting: JoinHandle<()>,
}

/// What was lost on the way; `None` while nothing is to be lost.
type Direction = Arc<Mutex<Option<Vec<u8>>>>;
/// With which words of the client's, and of the server's, the losing begins.
type LastWords = Arc<Mutex<[Option<&'static str>; 2]>>;

impl Proxy {
    pub(super) async fn start(server: &Server) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("nats://{}", listener.local_addr().unwrap());
        let to = server.url().replace("nats://", "");
        let (to_server, to_client) = (Direction::default(), Direction::default());
        let last_words = LastWords::default();
        let cuts = watch::channel(0).0;
        let accepting = tokio::spawn({
            let (to_server, to_client) = (Arc::clone(&to_server), Arc::clone(&to_client));
            let (cuts, words) = (cuts.clone(), Arc::clone(&last_words));
            async move {
                while let Ok((client, _)) = listener.accept().await {
                    let Ok(server) = TcpStream::connect(&to).await else { continue };
                    let (from_client, client) = client.into_split();
                    let (from_server, server) = server.into_split();
                    let on = |side: usize, direction: &Direction| {
                        let (words, direction) = (Arc::clone(&words), Arc::clone(direction));
                        move |chunk: &[u8]| is_lost(chunk, words.lock().unwrap()[side], &direction)
                    };
                    let asking = carry(from_client, server, on(0, &to_server));
                    let answering = carry(from_server, client, on(1, &to_client));
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
        Self { url, to_server, to_client, last_words, cuts, accepting }
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

    /// What the server says is lost as soon as it says this.
    pub(super) fn lose_answers_from(&self, words: &'static str) {
        self.last_words.lock().unwrap()[1] = Some(words);
    }

    /// What the client says is lost as soon as it says this.
    pub(super) fn lose_questions_from(&self, words: &'static str) {
        self.last_words.lock().unwrap()[0] = Some(words);
    }

    /// Whether the server said something that was lost.
    pub(super) fn has_lost_answers(&self) -> bool {
        self.to_client.lock().unwrap().as_ref().is_some_and(|lost| !lost.is_empty())
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
        *self.last_words.lock().unwrap() = [None; 2];
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

/// Whether a part of what is said is lost.
fn is_lost(chunk: &[u8], words: Option<&str>, direction: &Direction) -> bool {
    let mut lost = direction.lock().unwrap();
    if words.is_some_and(|words| String::from_utf8_lossy(chunk).contains(words)) {
        lost.get_or_insert_default();
    }
    if let Some(lost) = &mut *lost {
        lost.extend_from_slice(chunk);
    }
    lost.is_some()
}

/// One way, until the side that speaks ends.
async fn carry(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    is_lost: impl Fn(&[u8]) -> bool,
) -> std::io::Result<()> {
    let mut bytes = vec![0; 64 * 1024];
    loop {
        let count = from.read(&mut bytes).await?;
        if count == 0 {
            return Ok(());
        }
        if !is_lost(&bytes[..count]) {
            to.write_all(&bytes[..count]).await?;
        }
    }
}
