//! A context of a test's own, for one handler alone.

use std::sync::Arc;
use std::time::SystemTime;

use tokio_util::sync::CancellationToken;

use crate::context::{Context, HandledMessage, RouteContext};
use crate::envelope;
use crate::header::Headers;
use crate::link::Link;
use crate::message::Message;
use crate::transport::{Incoming, Receipt};

/// A [`Context`] to be built, as if a message had come; made by
/// [`TestBus::context`](super::TestBus::context).
///
/// ```
/// # use tidings::prelude::*;
/// use tidings::testing::TestBus;
/// # #[derive(Serialize, Deserialize, JsonSchema, Event)]
/// # #[event(subject = "users.created")]
/// # struct UserCreated { name: String }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// struct Welcome;
/// impl Handler<UserCreated> for Welcome {
///     async fn handle(&self, _: UserCreated, cx: Context) -> Result<(), Failure> {
///         match cx.headers().get("tenant") {
///             Some(_) => Ok(()),
///             None => Err(Failure::reject("whose user is it?")),
///         }
///     }
/// }
///
/// let test = TestBus::in_memory();
/// let user = UserCreated { name: "Ada".into() };
/// let cx = test.context(&user).header("tenant", "acme").build();
/// assert!(Welcome.handle(user, cx).await.is_ok());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "nothing is built before `.build()`"]
pub struct TestContext<'a, M> {
    link: &'a Link,
    message: &'a M,
    headers: Headers,
    attempt: u64,
    sequence: u64,
    stop: CancellationToken,
}

impl<'a, M: Message> TestContext<'a, M> {
    pub(super) fn new(link: &'a Link, message: &'a M) -> Self {
        Self {
            link,
            message,
            headers: Headers::new(),
            attempt: 1,
            sequence: 1,
            stop: CancellationToken::new(),
        }
    }

    /// Sets the number of the delivery, from 1; the default is 1. It means nothing to a message
    /// without a stream, which is delivered once.
    pub fn attempt(mut self, attempt: u64) -> Self {
        self.attempt = attempt;
        self
    }

    /// The message's sequence in its stream; the default is 1. It means nothing to a message
    /// without a stream.
    pub fn sequence(mut self, sequence: u64) -> Self {
        self.sequence = sequence;
        self
    }

    /// Adds a header.
    ///
    /// # Panics
    /// Panics if the header can't be sent.
    #[track_caller]
    #[expect(clippy::panic, reason = "a test says what can't be")]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let Err(error) = self.headers.append(name, value) {
            panic!("{error}");
        }
        self
    }

    /// Makes the context that of a registry that shuts down: [`Context::shutting_down`] ends at
    /// once.
    pub fn shutting_down(self) -> Self {
        self.stop.cancel();
        self
    }

    /// The context, as a handler would get it: with the subject and the id that the message says.
    ///
    /// # Panics
    /// Panics if the message can't be sent: a value can't be a token of its subject.
    #[track_caller]
    #[expect(clippy::panic, reason = "a test says what can't be")]
    pub fn build(self) -> Context {
        let encoded = match envelope::encode(self.message, self.link.reads_back()) {
            Ok(encoded) => encoded,
            Err(envelope::EncodeFault::Subject(error)) => panic!("{error}"),
            Err(envelope::EncodeFault::Payload { name, source }) => {
                panic!("`{name}` can't be written as JSON: {source}")
            }
            Err(envelope::EncodeFault::Unreadable { name, source }) => {
                panic!("`{name}` can't be read back: {source}")
            }
        };
        let receipt = encoded.declaration.stream.map(|stream| Receipt {
            stream: stream.name.into(),
            consumer: "test".into(),
            sequence: self.sequence,
            attempt: self.attempt,
            pending: 0,
            stored_at: SystemTime::now(),
        });
        let sealed = envelope::seal(encoded, self.headers, || self.message.message_id());
        let incoming = Incoming {
            subject: sealed.subject,
            reply: None,
            headers: sealed.headers.into(),
            payload: sealed.payload,
            receipt,
            settle: None,
        };
        let place = Arc::new(RouteContext { link: self.link.clone(), stop: self.stop });
        Context::new(&Arc::new(HandledMessage::new(&place, incoming)))
    }
}
