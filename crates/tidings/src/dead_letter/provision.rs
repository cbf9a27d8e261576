//! The dead-letter stream: created where it is missing, never narrowed.

use super::lease::Lease;
use crate::stream::StreamConfig;
use crate::topology::{self, ProvisionError, Topology};
use crate::transport::{ApiError, Fault, Transport};

/// Maximum number of tries where somebody else changes the stream at the same time.
const TRIES: u32 = 10;

/// Creates the dead-letter stream where it is missing, and adds the subjects that it lacks.
///
/// Nothing else of one that is there is changed, and no subject is taken away: other registries,
/// and other versions of this one, may need it. Where the mode only binds it must be there with all
/// that is needed.
pub(crate) async fn provision(
    transport: &Transport,
    wanted: &StreamConfig,
    mode: Topology,
) -> Result<(), ProvisionError> {
    if mode == Topology::BindOnly {
        return topology::provision(transport, wanted, mode).await.map(drop);
    }
    let name = &wanted.name;
    let refused = |fault| ProvisionError::of(fault, name);
    for _ in 0..TRIES {
        let Some(found) = transport.stream(name).await.map_err(refused)? else {
            match transport.create_stream(wanted).await {
                Ok(()) => return Ok(()),
                // Another instance created it meanwhile.
                Err(Fault::Api(error)) if error.code == ApiError::STREAM_NAME_IN_USE => continue,
                Err(fault) => return Err(refused(fault)),
            }
        };
        if missing_subjects(wanted, &found).next().is_none() {
            return Ok(());
        }
        let lease = Lease::take(transport, name).await;
        let changed = add_subjects(transport, wanted).await;
        if let Some(lease) = lease {
            lease.release().await;
        }
        // It is looked at once more: who takes no lease, as an older version, may have been last.
        changed.map_err(refused)?;
    }
    topology::provision(transport, wanted, mode).await.map(drop)
}

/// Adds what is lacking now: somebody else may have changed the stream before the lease was taken.
async fn add_subjects(transport: &Transport, wanted: &StreamConfig) -> Result<(), Fault> {
    let Some(mut found) = transport.stream(&wanted.name).await? else { return Ok(()) };
    let missing: Vec<String> = missing_subjects(wanted, &found).cloned().collect();
    if missing.is_empty() {
        return Ok(());
    }
    found.subjects.extend(missing);
    transport.update_stream(&found).await
}

/// The subjects that are wanted and that the stream does not keep.
fn missing_subjects<'a>(
    wanted: &'a StreamConfig,
    found: &StreamConfig,
) -> impl Iterator<Item = &'a String> {
    let theirs: Vec<String> = found.subjects.clone();
    wanted.subjects.iter().filter(move |ours| {
        let theirs: Vec<&str> = theirs.iter().map(String::as_str).collect();
        !tidings_subject::covers(&theirs, ours)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dead_letter::naming::stream_config;
    use crate::transport::memory::Memory;

    #[tokio::test]
    async fn subjects_are_added_and_nothing_else_is_changed() {
        let transport = Transport::Memory(Memory::new());
        let mut first = stream_config("DEAD", [("ORDERS", "shop")]);
        first.max_messages = Some(7);
        let mode = Topology::CreateOnly;
        provision(&transport, &first, mode).await.unwrap();
        provision(&transport, &stream_config("DEAD", [("STOCK", "depot")]), mode).await.unwrap();
        provision(&transport, &stream_config("DEAD", [("ORDERS", "shop")]), mode).await.unwrap();

        let found = transport.stream("DEAD").await.unwrap().unwrap();
        assert_eq!(found.max_messages, Some(7));
        assert_eq!(
            found.subjects,
            [
                "_dead_letters.DEAD.>",
                "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.ORDERS.shop",
                "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.STOCK.depot",
            ]
        );
    }

    #[tokio::test]
    async fn who_only_binds_changes_nothing() {
        let transport = Transport::Memory(Memory::new());
        let wanted = stream_config("DEAD", [("ORDERS", "shop")]);
        let bind = async || provision(&transport, &wanted, Topology::BindOnly).await;
        let missing = bind().await.unwrap_err();
        assert!(matches!(missing, ProvisionError::Missing { .. }), "{missing:?}");

        let other = stream_config("DEAD", [("STOCK", "depot")]);
        provision(&transport, &other, Topology::Manage).await.unwrap();
        let narrow = bind().await.unwrap_err();
        assert!(matches!(narrow, ProvisionError::Subjects { .. }), "{narrow:?}");
        provision(&transport, &wanted, Topology::Manage).await.unwrap();
        bind().await.unwrap();
    }
}
