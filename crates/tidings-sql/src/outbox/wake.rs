//! Wakes of this program's relays, where no commit wakes them.

use std::sync::LazyLock;

use tokio::sync::watch;

use crate::database::{Backend, Database};

/// Wakes every relay of this program that no commit wakes. Whoever has a transaction alone can't say which of them is
/// meant; one that is woken in vain looks once.
static FOLLOW_UPS: LazyLock<watch::Sender<()>> = LazyLock::new(|| watch::Sender::new(()));

/// Says that a commit is near: relays look often for a while. Of an outbox that is known only its own do.
pub(super) fn announce<Db: Database>(own: Option<&watch::Sender<()>>) {
    if !<Db::Backend as Backend<Db>>::WAKES {
        own.unwrap_or(&FOLLOW_UPS).send_replace(());
    }
}

/// Hears of what is written where the outbox is not known.
pub(crate) fn follow_ups() -> watch::Receiver<()> {
    FOLLOW_UPS.subscribe()
}

#[cfg(all(test, feature = "sqlite"))]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use sqlx::Sqlite;

    use super::*;

    #[test]
    fn what_a_known_outbox_writes_wakes_its_own_relays_and_what_another_writes_wakes_all() {
        let own = watch::Sender::new(());
        let (own_relay, every_relay) = (own.subscribe(), follow_ups());
        announce::<Sqlite>(Some(&own));
        assert!(own_relay.has_changed().unwrap());
        announce::<Sqlite>(None);
        assert!(every_relay.has_changed().unwrap());
    }
}
