//! Calling a method of whichever transport it is.

/// Calls the method of whichever transport this is, or a part of one: an inbox, a way back.
macro_rules! on {
    ($self:ident, $transport:ident => $call:expr) => {
        match $self {
            Self::Nats($transport) => $call,
            #[cfg(feature = "memory")]
            Self::Memory($transport) => $call,
        }
    };
}

pub(super) use on;
