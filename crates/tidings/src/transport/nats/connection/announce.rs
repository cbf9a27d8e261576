//! Events of a client's connection that are told to the listeners of a bus's events.

use async_nats::{Event, ServerError};

use crate::transport::ConnectionEventKind;
use crate::transport::nats::connection::ephemerals::is_of_ephemeral;
use crate::transport::nats::connection::event_listener::EventListener;
use crate::transport::nats::connection::role::Role;
use crate::transport::nats::connection::supervisor::Supervisor;

/// Tells an event that the supervisor has heard.
pub(crate) fn announce(event: &Event, which: Role, ear: &EventListener, supervisor: &Supervisor) {
    if supervisor.over().is_cancelled() {
        // That it has ended was the last word.
        return;
    }
    let kind = match event {
        Event::Connected if supervisor.connect_count() <= 1 => ConnectionEventKind::Connected,
        Event::Connected => ConnectionEventKind::Reconnected,
        Event::Disconnected => {
            let Some(cause) = supervisor.outage() else { return };
            ConnectionEventKind::Disconnected { cause }
        }
        Event::LameDuckMode if supervisor.is_lame_duck() => ConnectionEventKind::LameDuck,
        Event::SlowConsumer(_) => ConnectionEventKind::SlowConsumer { filter: None, dropped: 0 },
        Event::ServerError(ServerError::Other(text)) => match ear.denials.read(text) {
            Some(denial) if is_of_ephemeral(&denial, &ear.api) => return,
            Some(denial) => ConnectionEventKind::PermissionDenied(denial),
            None => ConnectionEventKind::ServerError { said: text.clone() },
        },
        Event::ServerError(error) => ConnectionEventKind::ServerError { said: error.to_string() },
        _ => return,
    };
    supervisor.announcer().tell(kind, which, supervisor.address());
}
