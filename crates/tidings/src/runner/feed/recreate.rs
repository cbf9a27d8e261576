//! Making a consumer again that somebody deleted, behind what is known to be settled.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::consumer::Durable;
use crate::dead_letter::with_lease;
use crate::jitter::jittered;
use crate::runner::active_route::ActiveRoute;
use crate::runner::in_flight::cumulative_ack::AckWindow;
use crate::runner::schedule::Scheduler;
use crate::runner::status::route_state::RouteFault;
use crate::stream::Retention;
use crate::topology::{self, PlanAction, RestoreFault, Topology};
use crate::transport::{ConsumerConfig, DeliverFrom};

/// Time that handlers may go on before a consumer is made again that delivers their messages anew.
const MOST_HANDLED: Duration = Duration::from_secs(30);

/// Makes the consumer again where it is missing: it may have been deleted. Says whether there may
/// be one to read.
pub(crate) async fn restore(
    active: &Arc<ActiveRoute>,
    durable: &Durable,
    scheduler: &mut Scheduler,
) -> bool {
    let Durable { stream, config, .. } = durable;
    let transport = &active.link.transport;
    let error = match restore_once(active, durable, scheduler).await {
        Ok(is_there) => return is_there,
        Err(error) => error,
    };
    let (route, stream, consumer) = (active.label(), stream.name, &config.name);
    tracing::error!(route, stream, consumer, %error, "a consumer can't be made again");
    let why = format!("consumer `{consumer}` of `{stream}`: {error}");
    active.state.failing(RouteFault::Feed, transport.now(), why);
    !error.is_another()
}

async fn restore_once(
    active: &Arc<ActiveRoute>,
    durable: &Durable,
    scheduler: &mut Scheduler,
) -> Result<bool, RestoreFault> {
    let Durable { stream, made, config, modes, .. } = durable;
    let transport = &active.link.transport;
    let is_missing = scheduler.run_until(async {
        topology::restore_stream(transport, made, modes.streams).await?;
        let found = transport.consumer_snapshot(stream.name, &config.name).await?;
        Ok::<_, RestoreFault>(found.is_none())
    });
    if is_missing.await? && modes.consumers != Topology::BindOnly {
        return make_again(active, durable, scheduler).await;
    }
    let ensuring = topology::ensure_consumer(transport, stream.name, config, modes.consumers);
    let letters = active.letters.as_deref();
    scheduler.run_until(Box::pin(with_lease(transport, letters, ensuring))).await?;
    Ok(true)
}

/// Makes a consumer again that goes on behind what is settled; in a stream that is another one, or
/// where nothing is known of it, as one that is new. Says whether there is one to read.
async fn make_again(
    active: &Arc<ActiveRoute>,
    durable: &Durable,
    scheduler: &mut Scheduler,
) -> Result<bool, RestoreFault> {
    let Durable { stream, config, modes, .. } = durable;
    let (transport, ack_floor) = (&active.link.transport, &active.ack_floor);
    let (name, consumer) = (stream.name, config.name.as_str());
    let recreate_delay = ack_floor.recreate_delay().max(durable.recreate_delay());
    if !recreate_delay.is_zero() {
        scheduler.run_until(sleep(jittered(recreate_delay))).await;
    }
    // What is not begun comes again. So would what is being handled, unless it has ended by then.
    scheduler.let_go_of_all();
    scheduler.end_begun(config.ack_wait.min(MOST_HANDLED)).await;
    scheduler.let_go_of_all();
    let here = active.in_flight.unsettled();
    let snapshot = transport.stream_snapshot(name).await?;
    let resume = snapshot.as_ref().and_then(|found| ack_floor.resume(found, here));
    let is_work_queue = (stream.config)().retention == Retention::WorkQueue;
    let from = match &resume {
        // It has nothing that is settled, and its consumers begin at its beginning.
        Some(_) if is_work_queue => config.from,
        Some(resume) => DeliverFrom::Sequence(resume.from),
        // Every message of a stream made again came after the route began.
        None if snapshot.as_ref().is_some_and(|found| ack_floor.is_another_stream(found)) => {
            DeliverFrom::Beginning
        }
        None => config.from,
    };
    let wanted = ConsumerConfig { from, ..durable.wanted() };
    let plan = topology::ensure_consumer(transport, name, &wanted, modes.consumers).await?;
    if plan.action != PlanAction::Create {
        return Ok(true);
    }
    let route = active.label();
    tracing::warn!(route, stream = name, consumer, ?from, "a consumer is gone, and is made again");
    let after = transport.stream_snapshot(name).await?.map(|found| found.identity);
    if after != snapshot.map(|found| found.identity) {
        // It would wait for a sequence of the stream before.
        transport.delete_consumer(name, consumer).await?;
        return Ok(false);
    }
    if let Some(made) = transport.consumer_snapshot(name, consumer).await? {
        ack_floor.carry(after, &made, resume.and_then(|resume| resume.carried));
        active.in_flight.ack_window(AckWindow::reset);
    }
    Ok(true)
}
