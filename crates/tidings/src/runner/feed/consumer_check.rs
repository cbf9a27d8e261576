//! Looking at a route's consumer now and then: somebody may have changed it so that it delivers
//! other messages, of which nothing else would tell.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::consumer::Durable;
use crate::jitter::jittered;
use crate::runner::active_route::ActiveRoute;
use crate::runner::status::route_state::RouteFault;
use crate::topology;

/// The wait before the next look once a message has come that is not known here.
const SOON: Duration = Duration::from_millis(250);

/// Runs until it is dropped.
pub(crate) async fn run(active: Arc<ActiveRoute>, durable: Arc<Durable>) {
    let (state, transport) = (active.state(), active.link.transport.clone());
    let Durable { stream, config, .. } = &*durable;
    let (route, stream, consumer) = (active.label(), stream.name, config.name.as_str());
    loop {
        tokio::select! {
            () = sleep(jittered(durable.look)) => {}
            () = active.look.notified() => sleep(jittered(SOON)).await,
        }
        let look = Box::pin(topology::look_at_consumer(&transport, stream, config));
        match look.await {
            Ok(Ok(found)) => {
                durable.set_filters(&found.selects);
                active.given_back.compare(found.given_back_until).await;
                state.clear_fault(RouteFault::Consumer);
            }
            Ok(Err(why)) => {
                tracing::error!(route, why, "a route's consumer does not deliver what it is for");
                state.failing(RouteFault::Consumer, transport.now(), why);
            }
            Err(fault) => {
                tracing::debug!(route, stream, consumer, %fault, "a consumer can't be looked at");
            }
        }
    }
}
