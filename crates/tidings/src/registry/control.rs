//! Asking how a registry's routes are, and pausing them.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::Poll;

use crate::bucket::Bucket;
use crate::message::Decode;
use crate::runner::{RouteState, StateCell};

/// Control over a registry's routes: it shows their states, and pauses them; made by
/// `Registry::control` before the registry runs, or by `Running::control`. A cheap clone.
///
/// ```
/// # use tidings::prelude::*;
/// # #[derive(Serialize, Deserialize, JsonSchema, Event)]
/// # #[event(subject = "users.created")]
/// # struct UserCreated { name: String }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let bus = Bus::in_memory();
/// # let welcome = |_: UserCreated, _: Context| async { Ok(()) };
/// let running = Registry::new("mail").handle::<UserCreated>(welcome).start(&bus).await?;
/// let control = running.control();
/// control.pause::<UserCreated>()?;
/// for route in control.status() {
///     println!("{}: {:?}", route.message, route.state);
/// }
/// control.resume::<UserCreated>()?;
/// # running.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct Control(Arc<OnceLock<Vec<Controlled>>>);

/// Control of one route.
#[derive(Debug)]
pub(super) struct Controlled {
    pub(super) message: String,
    pub(super) state: Arc<StateCell>,
}

/// Status of one route.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RouteStatus {
    /// The wire name of what it handles; an unnamed enum's type name, a bucket's stream (`KV_sessions`).
    pub message: String,
    /// State of the route: whether it takes messages.
    pub state: RouteState,
}

/// No route handles this message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no running route handles `{message}`, only {known:?}")]
#[non_exhaustive]
pub struct NoRoute {
    /// The message.
    pub message: String,
    /// The messages that routes handle; empty before the registry runs.
    pub known: Vec<String>,
}

impl Control {
    /// The registry begins to run.
    pub(super) fn set(&self, routes: Vec<Controlled>) {
        // A registry is started once: nobody has set it before.
        let _ = self.0.set(routes);
    }

    /// Status of each route, in the order they were added; empty before the registry runs.
    pub fn status(&self) -> Vec<RouteStatus> {
        let status = |route: &Controlled| RouteStatus {
            message: route.message.clone(),
            state: route.state.state(),
        };
        self.routes().iter().map(status).collect()
    }

    /// Resolves when a route's state is another one than at the call; never before the registry
    /// runs. Call it before you look, and await it after: then no change is missed.
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub fn changed(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut routes: Vec<Pin<Box<_>>> =
            self.routes().iter().map(|route| Box::pin(route.state.changed())).collect();
        poll_fn(move |cx| {
            let any = routes.iter_mut().any(|route| route.as_mut().poll(cx).is_ready());
            if any { Poll::Ready(()) } else { Poll::Pending }
        })
    }

    /// Takes no more messages of `M` in this process, until [`resume`](Self::resume): those that
    /// are handled are finished, a stream's wait, and others go to the other instances. A request
    /// that nobody else answers has no responders meanwhile.
    ///
    /// All instances of a stream's route pause with `bus.stream::<S>().pause_consumer(…)`.
    ///
    /// # Errors
    /// [`NoRoute`] if no route handles it, or the registry does not run yet.
    pub fn pause<M: Decode>(&self) -> Result<(), NoRoute> {
        self.set_paused::<M>(true)
    }

    /// Takes messages of `M` again.
    ///
    /// # Errors
    /// As [`pause`](Self::pause).
    pub fn resume<M: Decode>(&self) -> Result<(), NoRoute> {
        self.set_paused::<M>(false)
    }

    /// Tells the handler of the bucket of `V` nothing more in this process, until
    /// [`resume_watch`](Self::resume_watch): what becomes of the bucket meanwhile is told then.
    ///
    /// # Errors
    /// [`NoRoute`] if no route watches it, or the registry does not run yet.
    pub fn pause_watch<V: Bucket>(&self) -> Result<(), NoRoute> {
        self.set_all(V::NAME, true)
    }

    /// Tells the handler of the bucket of `V` again what becomes of it.
    ///
    /// # Errors
    /// As [`pause_watch`](Self::pause_watch).
    pub fn resume_watch<V: Bucket>(&self) -> Result<(), NoRoute> {
        self.set_all(V::NAME, false)
    }

    fn set_paused<M: Decode>(&self, paused: bool) -> Result<(), NoRoute> {
        self.set_all(M::NAME.unwrap_or(std::any::type_name::<M>()), paused)
    }

    fn set_all(&self, message: &str, paused: bool) -> Result<(), NoRoute> {
        let routes: Vec<_> =
            self.routes().iter().filter(|route| route.message == message).collect();
        if routes.is_empty() {
            let known = self.routes().iter().map(|route| route.message.clone()).collect();
            return Err(NoRoute { message: message.to_owned(), known });
        }
        for route in routes {
            route.state.pause(paused);
        }
        Ok(())
    }

    fn routes(&self) -> &[Controlled] {
        self.0.get().map_or(&[], Vec::as_slice)
    }
}
