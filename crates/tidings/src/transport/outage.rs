//! Outages of the connection to a server.

/// Reason why a bus has no connection to a server now.
///
/// Errors of what took too long meanwhile have it as their source.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Outage {
    /// The server does not accept the credentials any more: they were revoked, have expired, or
    /// belong to an account that has. It is asked again without end.
    #[error(
        "there is no connection: the server refuses the credentials ({said}); connect with ones \
         that it accepts"
    )]
    Refused {
        /// The server's words.
        said: String,
    },
    /// No server answers. It is tried again without end.
    #[error("there is no connection: {said}")]
    Away {
        /// Result of the last attempt.
        said: String,
    },
    /// Given up: it was tried as often as `BusBuilder::max_reconnects` allows.
    #[error(
        "there is no connection: {attempts} attempts to reconnect failed, the last with: {said}"
    )]
    GivenUp {
        /// Number of attempts.
        attempts: u64,
        /// Result of the last one.
        said: String,
    },
    /// The runtime has ended on which the bus was made, and the connection with it: it does not
    /// come back.
    #[error(
        "there is no connection: the runtime on which the bus was made has ended; make it on one \
         that lives as long as the bus is used"
    )]
    RuntimeEnded,
}

/// The end of an error's text: why nothing was heard, where that is known.
pub(crate) fn because(outage: Option<&Outage>) -> String {
    outage.map_or_else(String::new, |outage| format!(" ({outage})"))
}
