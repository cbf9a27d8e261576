//! Events of a client, and what they say of why there is no connection.

use std::sync::atomic::Ordering;
use std::time::SystemTime;

use async_nats::{ClientError, Event, ServerError};
use tokio::time::Instant;

use super::{Peer, Supervisor};
use crate::lock::locked;
use crate::transport::Outage;
use crate::transport::nats::connection::breaks::warn_of_breaks;
use crate::transport::nats::connection::refusal::is_refusal;

impl Supervisor {
    /// Hears what the client tells of its connection.
    pub(crate) fn on_event(&self, event: &Event) {
        match event {
            // It was made and lost, and then given up, before this was told.
            Event::Connected if self.over.is_cancelled() => {}
            Event::Connected => {
                self.lame_duck.store(false, Ordering::Relaxed);
                self.last_words.send_replace(None);
                self.outage.send_replace(None);
                self.connected.send_modify(|count| *count += 1);
                self.attempt_ended();
                self.breaks().made(Instant::now());
                self.is_back();
            }
            Event::LameDuckMode => self.lame_duck.store(true, Ordering::Relaxed),
            Event::Disconnected => {
                *locked(&self.lost) = SystemTime::now();
                let said = self.last_words.send_replace(None);
                let times = self.breaks().lost(said.is_some(), Instant::now());
                match &self.peer {
                    Peer::Listening(_) => warn_of_breaks(times),
                    Peer::Main { disruptions, .. } => {
                        let mut disruptions = locked(disruptions);
                        disruptions.lost(said.is_some());
                    }
                }
                self.set_outage(said.as_deref().unwrap_or("the connection was lost"));
            }
            Event::ServerError(error) => {
                let said = match error {
                    ServerError::Other(text) => text.clone(),
                    error => error.to_string(),
                };
                if is_refusal(&said) {
                    self.last_words.send_replace(Some(said));
                }
            }
            // Of a name that is not known nothing else is said.
            Event::ClientError(ClientError::Other(text))
                if text.starts_with("DNS") && self.outage.borrow().is_some() =>
            {
                self.set_outage("the name of its host is not known (DNS error)");
            }
            // An attempt that was refused. Of others it says less than is known before the next one.
            Event::ClientError(ClientError::Other(text))
                if is_refusal(text) && self.outage.borrow().is_some() =>
            {
                self.set_outage(text);
            }
            _ => {}
        }
    }

    /// A refusal is kept until the server takes the credentials, or says something else of them.
    pub(super) fn set_outage(&self, said: &str) {
        let said = said.to_owned();
        self.outage.send_if_modified(|outage| {
            let now = match outage {
                _ if is_refusal(&said) => Outage::Refused { said },
                Some(Outage::Refused { .. } | Outage::GivenUp { .. } | Outage::RuntimeEnded) => {
                    return false;
                }
                _ => Outage::Away { said },
            };
            let is_news = outage.as_ref() != Some(&now);
            *outage = Some(now);
            is_news
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::nats::connection::reconnect_policy::ReconnectPolicy;

    #[test]
    fn a_refusal_is_told_until_the_connection_is_back() {
        let supervisor = Supervisor::main(ReconnectPolicy::default(), false);
        let error = |text: &str| Event::ClientError(ClientError::Other(text.to_owned()));
        let revoked = "User Authentication Revoked".to_owned();
        supervisor.on_event(&Event::Connected);
        supervisor.on_event(&error("authorization violation"));
        assert_eq!(supervisor.outage(), None, "there is a connection");
        supervisor.on_event(&Event::ServerError(ServerError::Other(revoked.clone())));
        assert_eq!(supervisor.outage(), None, "it is there as long as it is");
        supervisor.on_event(&Event::Disconnected);
        assert_eq!(supervisor.outage(), Some(Outage::Refused { said: revoked.clone() }));
        supervisor.on_event(&error("IO error"));
        assert_eq!(supervisor.outage(), Some(Outage::Refused { said: revoked }));
        supervisor.on_event(&Event::Connected);
        assert_eq!(supervisor.outage(), None);
        supervisor.on_event(&Event::Disconnected);
        supervisor.set_outage("IO error: Connection refused");
        let said = "IO error: Connection refused".to_owned();
        assert_eq!(supervisor.outage(), Some(Outage::Away { said }));
        supervisor.on_event(&error("authorization violation"));
        let said = "authorization violation".to_owned();
        assert_eq!(supervisor.outage(), Some(Outage::Refused { said }));
    }
}
