//! A route without its type: what a registry keeps and a worker runs.

mod problem;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tidings_contract::Descriptor;

use crate::failure::{Failure, Verdict};
use crate::handler::{Dispatching, Handler, Input};
#[cfg(feature = "tower")]
use crate::handler::{HandlerLayer, layered};
use crate::message::{Declaration, Message};
use crate::retry::Retry;
use crate::route::CircuitBreaker;
use crate::subject::{Subject, SubjectError};
use crate::subscribe::ACK_WAIT;
use crate::topology::MAX_ACK_PENDING;
use crate::transport::{DeliverFrom, Incoming};

/// Default time for which progress is reported, in ack waits.
const PROGRESS: u32 = 10;
/// Number of times that a message is delivered beyond the attempts of its policy. Who gets it then
/// does not handle it: it is put aside, which whoever had the last attempt did not live to do.
/// There are many, for a dead-letter stream that is full over many restarts, and for instances of
/// another version that do not know the message and give it back.
pub(crate) const SPARE_DELIVERIES: u64 = 20;

/// Number of messages that are fetched ahead of a handler that is done with each at once: asking
/// for fewer, a route would wait for the server most of the time.
const QUICK_PREFETCH: usize = 4000;

/// Reads a message's key, hashed; `None` for what can't be decoded.
pub(crate) type Key = Arc<dyn Fn(&Incoming) -> Option<u64> + Send + Sync>;

/// Function that decides what becomes of a failed message.
pub(crate) type Classify = Arc<dyn Fn(&Failure) -> Verdict + Send + Sync>;

/// Maximum number of messages that begin in a span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rate {
    pub(crate) messages: u32,
    pub(crate) per: Duration,
}

/// Rule that makes a batch, on a route of batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BatchRule {
    pub(crate) max_size: usize,
    pub(crate) max_wait: Duration,
}

impl Default for BatchRule {
    fn default() -> Self {
        Self { max_size: 100, max_wait: Duration::from_secs(1) }
    }
}

/// A handler and how it is to be run. What is `None` was not said.
pub(crate) struct RouteSpec {
    pub(crate) declarations: &'static [&'static Declaration],
    pub(crate) name: Option<&'static str>,
    pub(crate) type_name: &'static str,
    /// Contracts of the messages, as data.
    pub(crate) describe: fn() -> Vec<Descriptor>,
    pub(crate) dispatch: Dispatching,
    pub(crate) batch: BatchRule,
    pub(crate) concurrency: usize,
    pub(crate) prefetch: Option<usize>,
    pub(crate) rate: Option<Rate>,
    pub(crate) breaker: Option<CircuitBreaker>,
    pub(crate) key: Option<Key>,
    pub(crate) retry: Option<Retry>,
    pub(crate) classify: Option<Classify>,
    pub(crate) deadline: Option<Duration>,
    pub(crate) ack_wait: Option<Duration>,
    /// Ack wait of the consumer, where it has one: the least that the server waits.
    pub(crate) consumer_ack_wait: Option<Duration>,
    pub(crate) progress_limit: Option<Duration>,
    pub(crate) max_ack_pending: Option<u64>,
    /// Begin of a consumer that is made.
    pub(crate) from: Option<DeliverFrom>,
    /// Filters that were given, or the first value that can't be a token.
    pub(crate) filters: Result<Vec<Subject>, SubjectError>,
    pub(crate) ack_every: Option<usize>,
    pub(crate) durable: Option<String>,
    pub(crate) queue_group: Option<String>,
    pub(crate) tells_errors: bool,
    /// Result of making the checks of payloads, where they are to be checked: the reason why they
    /// can't be.
    pub(crate) validation: Option<Result<(), String>>,
    /// Layers around the handler, the innermost first.
    #[cfg(feature = "tower")]
    pub(crate) layers: Vec<HandlerLayer>,
}

impl RouteSpec {
    pub(crate) fn new<M: Input>(handler: impl Handler<M>) -> Self {
        let dispatch = M::dispatcher(handler).0;
        let concurrency = match dispatch {
            Dispatching::Each(_) => 16,
            // Many events are one piece of work.
            Dispatching::Batch(_) => 1,
        };
        Self {
            declarations: M::DECLARATIONS,
            name: M::NAME,
            type_name: std::any::type_name::<M>(),
            describe: <M::Message as Message>::descriptors,
            dispatch,
            batch: BatchRule::default(),
            concurrency,
            prefetch: None,
            rate: None,
            breaker: None,
            key: None,
            retry: None,
            classify: None,
            deadline: None,
            ack_wait: None,
            consumer_ack_wait: None,
            progress_limit: None,
            max_ack_pending: None,
            from: None,
            filters: Ok(Vec::new()),
            ack_every: None,
            durable: None,
            queue_group: None,
            tells_errors: false,
            validation: None,
            #[cfg(feature = "tower")]
            layers: Vec::new(),
        }
    }

    /// Name of the route in errors.
    pub(crate) fn label(&self) -> String {
        self.name.unwrap_or(self.type_name).to_owned()
    }

    /// Puts its layers around the handler, and around them those of its registry. Some of them need a
    /// runtime, so this is done as the registry starts.
    #[cfg(feature = "tower")]
    pub(crate) fn lay(&mut self, outer: &[HandlerLayer]) {
        let layers = self.layers.iter().chain(outer);
        self.dispatch = layered(self.dispatch.clone(), self.declarations, &self.label(), layers);
    }

    /// Rule that makes a batch, on a route of batches.
    pub(crate) fn batch_rule(&self) -> Option<BatchRule> {
        match self.dispatch {
            Dispatching::Each(_) => None,
            Dispatching::Batch(_) => Some(self.batch),
        }
    }

    /// Number of messages that are handled as one: more than 1 only on a route of batches.
    pub(crate) fn unit(&self) -> usize {
        self.batch_rule().map_or(1, |rule| rule.max_size)
    }

    /// Maximum number of messages that are handled at a time.
    pub(crate) fn at_a_time(&self) -> usize {
        self.concurrency.saturating_mul(self.unit())
    }

    pub(crate) fn retry(&self) -> Retry {
        self.retry.clone().unwrap_or_default()
    }

    pub(crate) fn ack_wait(&self) -> Duration {
        self.ack_wait.unwrap_or(ACK_WAIT)
    }

    /// Interval at which a server is told that a message is in good hands.
    pub(crate) fn progress_every(&self) -> Duration {
        self.consumer_ack_wait.map_or(self.ack_wait(), |ack_wait| ack_wait.min(self.ack_wait())) / 2
    }

    pub(crate) fn progress_limit(&self) -> Duration {
        self.progress_limit.unwrap_or_else(|| self.ack_wait().saturating_mul(PROGRESS))
    }

    pub(crate) fn prefetch(&self) -> usize {
        match (self.prefetch, self.retry().attempts()) {
            (Some(prefetch), _) => prefetch,
            // What a dying process had fetched ahead would be put aside without having been tried.
            (None, Some(1)) => 0,
            (None, _) => self.at_a_time(),
        }
    }

    /// Number of messages that are fetched ahead while the handler is so quick that they hardly
    /// wait. It is more only where nothing was said, nothing is slowed down, and a dying process
    /// may take one attempt of what it had fetched.
    pub(crate) fn prefetch_when_quick(&self) -> usize {
        let usual = self.prefetch();
        let has_attempts = self.retry().attempts().is_none_or(|attempts| attempts > 3);
        if self.prefetch.is_some() || self.rate.is_some() || !has_attempts {
            return usual;
        }
        let most = usize::try_from(self.max_ack_pending()).unwrap_or(usize::MAX);
        usual.max(QUICK_PREFETCH.min(most.saturating_sub(self.at_a_time())))
    }

    pub(crate) fn max_ack_pending(&self) -> u64 {
        self.max_ack_pending.unwrap_or(MAX_ACK_PENDING)
    }

    /// Maximum number of deliveries of one message; `None` is without limit.
    pub(crate) fn max_deliver(&self) -> Option<u64> {
        self.retry().attempts().map(|attempts| attempts.saturating_add(SPARE_DELIVERIES))
    }
}

impl fmt::Debug for RouteSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Route")
            .field("name", &self.label())
            .field("concurrency", &self.concurrency)
            .field("retry", &self.retry)
            .finish_non_exhaustive()
    }
}
