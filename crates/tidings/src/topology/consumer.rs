//! Durable consumers: created where missing, changed as far as the mode lets a program, looked at.

use std::time::SystemTime;

use tidings_subject::{SCHEDULES, overlaps};

use super::apply::TRIES;
use super::consumer_plan::ConsumerPlan;
use super::difference::DifferenceKind;
use super::error::ConsumerFault;
use super::mode::Topology;
use super::owner::{self, Ownership};
use super::stream_plan::PlanAction;
use crate::stream::Retention;
use crate::subject::Subject;
use crate::transport::{ApiError, ConsumerConfig, Fault, Transport};

/// Default number of one consumer's messages that may be unsettled at a time over all its readers;
/// NATS's own.
pub(crate) const MAX_ACK_PENDING: u64 = 1000;

/// Makes the durable consumer what is wanted, as far as the mode lets it and nothing is lost. Gives
/// the differences that were left.
pub(crate) async fn ensure_consumer(
    transport: &Transport,
    stream: &str,
    wanted: &ConsumerConfig,
    mode: Topology,
) -> Result<ConsumerPlan, ConsumerFault> {
    refuse_schedules(transport, stream, &wanted.filters).await?;
    let left = make_consumer(transport, stream, wanted, mode).await?;
    if left.selects() != wanted.filters {
        refuse_schedules(transport, stream, left.selects()).await?;
    }
    Ok(left)
}

/// Refuses a consumer that takes what waits in a stream until it is due, where its ack removes it.
async fn refuse_schedules(
    transport: &Transport,
    stream: &str,
    filters: &[Subject],
) -> Result<(), ConsumerFault> {
    let waiting = format!("{SCHEDULES}.{stream}.>");
    let takes = |filter: &Subject| overlaps(filter.as_str(), &waiting);
    if !filters.is_empty() && !filters.iter().any(takes) {
        return Ok(());
    }
    match transport.stream(stream).await? {
        Some(found) if found.allow_message_schedules && found.retention != Retention::Limits => {
            Err(ConsumerFault::Cancels { waiting })
        }
        _ => Ok(()),
    }
}

async fn make_consumer(
    transport: &Transport,
    stream: &str,
    wanted: &ConsumerConfig,
    mode: Topology,
) -> Result<ConsumerPlan, ConsumerFault> {
    let consumer = &wanted.name;
    let mut tries = 0;
    loop {
        tries += 1;
        let plan = plan_consumer(transport, stream, wanted).await?;
        match (plan.action, mode) {
            (PlanAction::Create, Topology::BindOnly) => return Err(ConsumerFault::Missing),
            (PlanAction::Create, _) => {
                match transport.create_consumer(stream, &plan.target).await {
                    // Another instance created it meanwhile.
                    Err(Fault::Api(error))
                        if error.code == ApiError::CONSUMER_EXISTS && tries < TRIES => {}
                    created => {
                        created?;
                        return Ok(plan);
                    }
                }
            }
            (_, Topology::Manage) if plan.is_another() => return Err(ConsumerFault::differs(plan)),
            // It is looked at once more: whoever changed it at the same time may have been last.
            (_, Topology::Manage) if plan.is_due() && tries < TRIES => {
                tell_change(&plan);
                transport.update_consumer(stream, &plan.start).await?;
            }
            (_, Topology::Manage) => {
                let left = plan.after_start();
                if let Some(theirs) = left.kept.as_ref().filter(|_| !left.differences.is_empty()) {
                    tracing::warn!(
                        stream, consumer, plan = %left, theirs,
                        "a consumer's policy is another's, and left so"
                    );
                } else if !left.differences.is_empty() {
                    tracing::warn!(
                        stream, consumer, plan = %left,
                        "a consumer is not as asked for, and left so: messages would be lost"
                    );
                }
                return Ok(left);
            }
            (PlanAction::Nothing, _) => return Ok(plan),
            _ if plan.is_useless() => return Err(ConsumerFault::differs(plan)),
            _ => {
                tracing::warn!(
                    stream, consumer, %mode, %plan,
                    "a consumer is not as asked for, and left so"
                );
                return Ok(plan);
            }
        }
    }
}

fn tell_change(plan: &ConsumerPlan) {
    let ConsumerPlan { stream, consumer, .. } = plan;
    if plan.differences.iter().any(|difference| difference.kind != DifferenceKind::Mutable) {
        tracing::warn!(stream, consumer, %plan, "a consumer is changed where nothing is lost by it");
    } else if !plan.differences.is_empty() {
        tracing::info!(stream, consumer, %plan, "a consumer is changed to what is asked for");
    }
}

/// Looks at the consumer and says what is to be done about it; one of a stream that is missing is
/// missing as well.
pub(crate) async fn plan_consumer(
    transport: &Transport,
    stream: &str,
    wanted: &ConsumerConfig,
) -> Result<ConsumerPlan, ConsumerFault> {
    let found = transport.consumer(stream, &wanted.name).await?;
    if let Some(theirs) = &found
        && let Ownership::Taken { ours, theirs } = owner::ownership(wanted, theirs)
    {
        return Err(ConsumerFault::Taken { ours, theirs });
    }
    Ok(ConsumerPlan::new(stream, wanted, found.as_ref()))
}

/// A consumer as a route finds it.
#[derive(Debug, Default)]
pub(crate) struct ConsumerLook {
    /// The filters of what it delivers.
    pub(crate) selects: Vec<Subject>,
    /// Time until which its messages may be given back by an instance that does not know them.
    pub(crate) given_back_until: Option<SystemTime>,
}

/// Looks at a consumer; how it is, or why it can't do the work that is wanted of it.
pub(crate) async fn look_at_consumer(
    transport: &Transport,
    stream: &str,
    wanted: &ConsumerConfig,
) -> Result<Result<ConsumerLook, String>, Fault> {
    // A missing consumer is told of, and made again, where it is read.
    let Some(found) = transport.consumer(stream, &wanted.name).await? else {
        return Ok(Ok(ConsumerLook::default()));
    };
    let plan = ConsumerPlan::new(stream, wanted, Some(&found));
    if plan.is_useless() {
        return Ok(Err(format!("{plan:#}")));
    }
    let given_back_until = owner::given_back_until(&found);
    Ok(Ok(ConsumerLook { selects: found.filters, given_back_until }))
}

/// Notes on a consumer that until then messages may be given back which an instance does not know.
pub(crate) async fn note_given_back(
    transport: &Transport,
    stream: &str,
    consumer: &str,
    until: SystemTime,
) -> Result<(), Fault> {
    let Some(mut found) = transport.consumer(stream, consumer).await? else { return Ok(()) };
    owner::note_given_back(&mut found, until);
    transport.update_consumer(stream, &found).await
}

/// Reads the time until which a consumer's messages may have been given back by an instance that
/// did not know them.
pub(crate) async fn given_back_until(
    transport: &Transport,
    stream: &str,
    consumer: &str,
) -> Result<Option<SystemTime>, Fault> {
    let found = transport.consumer(stream, consumer).await?;
    Ok(found.as_ref().and_then(owner::given_back_until))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::StreamConfig;
    use crate::transport::memory::Memory;

    #[tokio::test(start_paused = true)]
    async fn a_consumer_that_was_made_of_all_subjects_is_refused_where_its_acks_cancel() {
        let transport = Transport::Memory(Memory::new());
        let ours = ConsumerConfig {
            filters: vec![Subject::from_static("jobs.new")],
            ..ConsumerConfig::new("shop")
        };
        for (retention, cancels) in [(Retention::WorkQueue, true), (Retention::Limits, false)] {
            let mut jobs = StreamConfig::new("JOBS", ["jobs.>", "_schedules.JOBS.>"]);
            (jobs.retention, jobs.allow_message_schedules) = (retention, true);
            transport.create_stream(&jobs).await.unwrap();
            transport.create_consumer("JOBS", &ConsumerConfig::new("shop")).await.unwrap();
            let left = ensure_consumer(&transport, "JOBS", &ours, Topology::CreateOnly).await;
            let is_refused = matches!(left, Err(ConsumerFault::Cancels { .. }));
            assert_eq!(is_refused, cancels, "{left:?}");
            transport.delete_stream("JOBS").await.unwrap();
        }
    }
}
