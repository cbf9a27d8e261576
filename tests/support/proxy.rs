//! A wire between a client and its server that loses what a test wants it to lose.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::Server;

/// A wire that takes connections and passes on what comes, in both directions.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    /// `true` while new connections are ended at once.
    severed: Arc<AtomicBool>,
    to_server: Direction,
    to_client: Direction,
    last_words: LastWords,
    cuts: watch::Sender<u32>,
    /// Time that each word of the server's takes.
    delay: watch::Sender<Duration>,
    accepting: JoinHandle<()>,
}

/// Bytes that were lost on the way; `None` while nothing is to be lost.
type Direction = Arc<Mutex<Option<Vec<u8>>>>;
/// Words of the client's, and of the server's, with which the losing begins.
type LastWords = Arc<Mutex<[Option<&'static str>; 2]>>;

impl Proxy {
    /// A wire to a server.
    ///
    /// # Panics
    /// Panics if there is no free port.
    pub async fn start(server: &Server) -> Self {
        Self::to(server.url().replace("nats://", "")).await
    }

    /// A wire to an address, `host:port`.
    ///
    /// # Panics
    /// Panics if there is no free port.
    pub async fn to(to: String) -> Self {
        let bound = TcpListener::bind("127.0.0.1:0").await;
        let listener = bound.unwrap_or_else(|error| panic!("no port for a proxy: {error}"));
        let local = listener.local_addr();
        let address = local.unwrap_or_else(|error| panic!("a proxy has no address: {error}"));
        let severed = Arc::new(AtomicBool::new(false));
        let (to_server, to_client) = (Direction::default(), Direction::default());
        let last_words = LastWords::default();
        let cuts = watch::channel(0).0;
        let delay = watch::channel(Duration::ZERO).0;
        let accepting = tokio::spawn({
            let (to_server, to_client) = (Arc::clone(&to_server), Arc::clone(&to_client));
            let (cuts, words, delay) = (cuts.clone(), Arc::clone(&last_words), delay.clone());
            let severed = Arc::clone(&severed);
            async move {
                while let Ok((client, _)) = listener.accept().await {
                    if severed.load(Ordering::SeqCst) {
                        continue;
                    }
                    let Ok(server) = TcpStream::connect(&to).await else { continue };
                    let (from_client, client) = client.into_split();
                    let (from_server, server) = server.into_split();
                    let on = |side: usize, direction: &Direction| {
                        let (words, direction) = (Arc::clone(&words), Arc::clone(direction));
                        move |chunk: &[u8]| is_lost(chunk, locked(&words)[side], &direction)
                    };
                    let asking = carry(from_client, server, on(0, &to_server), None);
                    let slowly = Some(delay.subscribe());
                    let answering = carry(from_server, client, on(1, &to_client), slowly);
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
        Self { address, severed, to_server, to_client, last_words, cuts, delay, accepting }
    }

    /// URL of the proxy, `nats://127.0.0.1:<port>`.
    pub fn url(&self) -> String {
        format!("nats://{}", self.address)
    }

    /// Address of the proxy, `127.0.0.1:<port>`.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Loses what the server says from now on.
    pub fn lose_answers(&self) {
        locked(&self.to_client).get_or_insert_default();
    }

    /// Loses what the client says from now on.
    pub fn lose_questions(&self) {
        locked(&self.to_server).get_or_insert_default();
    }

    /// Loses what the server says as soon as it says this.
    pub fn lose_answers_from(&self, words: &'static str) {
        locked(&self.last_words)[1] = Some(words);
    }

    /// Loses what the client says as soon as it says this.
    pub fn lose_questions_from(&self, words: &'static str) {
        locked(&self.last_words)[0] = Some(words);
    }

    /// Delays whatever the server says from now on by this.
    pub fn delay_answers(&self, delay: Duration) {
        self.delay.send_replace(delay);
    }

    /// Returns `true` if the server said something that was lost.
    pub fn has_lost_answers(&self) -> bool {
        locked(&self.to_client).as_ref().is_some_and(|lost| !lost.is_empty())
    }

    /// Bytes that the client said and that were lost, as text.
    pub fn lost_questions(&self) -> String {
        let lost = locked(&self.to_server).clone();
        String::from_utf8_lossy(&lost.unwrap_or_default()).into_owned()
    }

    /// Cuts all connections; new ones lose nothing.
    pub fn cut(&self) {
        // What is lost stays lost: the connections end first.
        self.cuts.send_modify(|cuts| *cuts += 1);
        *locked(&self.last_words) = [None; 2];
        for direction in [&self.to_server, &self.to_client] {
            *locked(direction) = None;
        }
    }

    /// Cuts all connections, and takes no more until it is [mended](Self::mend).
    pub fn sever(&self) {
        self.refuse();
        self.cut();
    }

    /// Takes no new connection until it is [mended](Self::mend); those that there are stay.
    pub fn refuse(&self) {
        self.severed.store(true, Ordering::SeqCst);
    }

    /// Takes connections again.
    pub fn mend(&self) {
        self.severed.store(false, Ordering::SeqCst);
    }
}

/// Locks without regard to poison: nobody panics with a lock here, and if one did, the value would
/// still hold.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Returns `true` if a part of what is said is lost.
fn is_lost(chunk: &[u8], words: Option<&str>, direction: &Direction) -> bool {
    let mut lost = locked(direction);
    if words.is_some_and(|words| String::from_utf8_lossy(chunk).contains(words)) {
        lost.get_or_insert_default();
    }
    if let Some(lost) = &mut *lost {
        lost.extend_from_slice(chunk);
    }
    lost.is_some()
}

/// Carries one way, until the side that speaks ends.
async fn carry(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    is_lost: impl Fn(&[u8]) -> bool,
    delay: Option<watch::Receiver<Duration>>,
) -> std::io::Result<()> {
    let mut bytes = vec![0; 64 * 1024];
    loop {
        let count = from.read(&mut bytes).await?;
        if count == 0 {
            return Ok(());
        }
        if let Some(delay) = delay.as_ref().map(|delay| *delay.borrow()) {
            sleep(delay).await;
        }
        if !is_lost(&bytes[..count]) {
            to.write_all(&bytes[..count]).await?;
        }
    }
}
