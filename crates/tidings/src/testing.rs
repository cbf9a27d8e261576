//! Tests of services: a bus that records what happens, waits until nothing is left to happen, and
//! makes things go wrong.
//!
//! [The guide](crate::guide::testing) shows how to use it.

mod context;
mod delayed;
mod diff;
mod fault;
mod fault_rule;
mod idle;
mod operation;
mod record;
mod recorder;
mod recording;
mod unfinished;
mod upcast;
mod view;

pub use context::TestContext;
pub use fault::Faults;
pub use record::{Answer, Arrived, Asked, Handled, NotHandled, Published, Record};
pub use recording::Recording;
pub use unfinished::{NotIdleError, Unfinished};
pub use upcast::{ExampleProblem, UpcastError, check_upcasts};

use std::fmt;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard};

use crate::bus::Bus;
use crate::context::Context;
use crate::handler::Handler;
use crate::lock::locked;
use crate::message::{Decode, Message, Request};
use crate::probe::Probe;
use crate::registry::{Registry, Running, ServeError};
use crate::runner::RouteReport;
use recorder::Recorder;

/// The former name of [`NotIdleError`].
#[deprecated(note = "use `tidings::testing::NotIdleError`")]
pub type UnsettledError = NotIdleError;

/// A bus for one test: it records what happens, waits until nothing is left to happen, and makes
/// things go wrong.
///
/// Give what is tested [`TestBus::bus`], or a clone of it: only what goes through it is seen.
/// Dropping it shuts down what it serves, without waiting.
///
/// ```
/// use tidings::prelude::*;
/// use tidings::testing::TestBus;
///
/// #[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
/// #[event(subject = "users.created")]
/// struct UserCreated { name: String }
///
/// #[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
/// #[event(subject = "mails.sent")]
/// struct MailSent { to: String }
///
/// async fn welcome(user: UserCreated, cx: Context) -> Result<(), Failure> {
///     Ok(cx.publish(&MailSent { to: user.name }).await?)
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let test = TestBus::in_memory(); // or TestBus::on(Bus::connect(url).await?)
/// test.serve(Registry::new("mail").handle::<UserCreated>(welcome)).await?;
///
/// test.bus().publish(&UserCreated { name: "Ada".into() }).await?;
/// test.wait_idle().await?;
///
/// test.published::<MailSent>().assert_eq(&[MailSent { to: "Ada".into() }]);
/// test.handled::<UserCreated>().assert_count(1);
/// # Ok(())
/// # }
/// ```
pub struct TestBus {
    bus: Bus,
    recorder: Arc<Recorder>,
    running: Mutex<Vec<Running>>,
}

impl TestBus {
    /// Makes a test's bus over a new bus in this process.
    pub fn in_memory() -> Self {
        Self::on(Bus::in_memory())
    }

    /// Makes a test's bus over this bus, such as one that is connected to a server. What goes through `bus`
    /// itself, or through clones that were made before, is not recorded.
    pub fn on(bus: Bus) -> Self {
        let recorder = Arc::new(Recorder::default());
        let bus = bus.observed_by(Arc::clone(&recorder) as Arc<dyn Probe>);
        Self { bus, recorder, running: Mutex::default() }
    }

    /// The bus that is recorded.
    pub fn bus(&self) -> &Bus {
        &self.bus
    }

    /// Runs a registry until the test ends, or until [`TestBus::shutdown`].
    ///
    /// # Errors
    /// [`ServeError`], as [`Registry::start`].
    ///
    /// # Cancel safety
    /// As [`Registry::start`].
    pub async fn serve(&self, registry: Registry) -> Result<(), ServeError> {
        let running = registry.start(&self.bus).await?;
        self.running().push(running);
        Ok(())
    }

    /// Answers a request with a stub, in place of the service that would.
    ///
    /// # Errors
    /// [`ServeError`], as [`Registry::start`].
    ///
    /// # Cancel safety
    /// As [`Registry::start`].
    ///
    /// ```
    /// # use tidings::prelude::*;
    /// # use tidings::testing::TestBus;
    /// # #[derive(Serialize, Deserialize, JsonSchema, Request)]
    /// # #[request(subject = "inventory.check", reply = Stock)]
    /// # struct CheckInventory { quantity: u32 }
    /// # #[derive(Serialize, Deserialize, JsonSchema)]
    /// # struct Stock { available: u32 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let test = TestBus::in_memory();
    /// test.answer::<CheckInventory>(|ask| Ok(Stock { available: ask.quantity })).await?;
    /// assert_eq!(test.bus().request(&CheckInventory { quantity: 2 }).await?.available, 2);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn answer<R>(
        &self,
        stub: impl Fn(R) -> Result<R::Reply, R::Error> + Send + Sync + 'static,
    ) -> Result<(), ServeError>
    where
        R: Request<Error: Send> + Decode,
    {
        let handler = move |ask: R, _: Context| std::future::ready(stub(ask));
        self.serve(Registry::new("stub").handle::<R>(handler)).await
    }

    /// Begins a handler's context for this message; [`TestContext::build`] makes it.
    pub fn context<'a, M: Message>(&'a self, message: &'a M) -> TestContext<'a, M> {
        TestContext::new(self.bus.link(), message)
    }

    /// Runs a handler alone, as if the message had come once; for anything else,
    /// [`TestBus::context`]. What it publishes and asks is recorded; the message itself is not.
    ///
    /// # Errors
    /// What the handler fails with.
    ///
    /// # Panics
    /// Panics if the message can't be sent: a value can't be a token of its subject.
    #[track_caller]
    pub fn run<M: Decode>(
        &self,
        handler: &impl Handler<M>,
        message: M,
    ) -> impl Future<Output = Result<M::Reply, M::Error>> + Send {
        let cx = self.context(&message).build();
        handler.handle(message, cx)
    }

    /// Faults to inject from now on.
    pub fn faults(&self) -> Faults<'_> {
        Faults::new(&self.recorder)
    }

    /// Shuts down all that is served, as [`Running::shutdown`], and gives what each handler did.
    /// The same services can then be served again.
    ///
    /// # Cancel safety
    /// If the future is dropped, the shutdown goes on without a deadline.
    pub async fn shutdown(&self) -> Vec<RouteReport> {
        let running = mem::take(&mut *self.running());
        let mut reports = Vec::new();
        for running in running {
            reports.extend(running.shutdown().await);
        }
        reports
    }

    fn running(&self) -> MutexGuard<'_, Vec<Running>> {
        locked(&self.running)
    }

    fn recorder(&self) -> &Arc<Recorder> {
        &self.recorder
    }
}

impl fmt::Debug for TestBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestBus").field("recorder", &self.recorder).finish_non_exhaustive()
    }
}
