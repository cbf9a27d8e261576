//! The NATS transport: the only room that names async-nats.

mod codec;
mod connection;
mod consumer;
mod jetstream;
mod reply;
mod request;
mod subscription;

pub(crate) use codec::header::NatsHeaders;
pub(crate) use connection::address::shown;
pub(crate) use connection::auth::Auth;
pub(crate) use connection::connect::ConnectOptions;
pub(crate) use connection::connect_fault::{ConnectFault, Reason};
pub(crate) use connection::nats::Nats;
pub(crate) use connection::reconnect_policy::ReconnectPolicy;
pub(crate) use consumer::ordered::NatsOrdered;
pub(crate) use consumer::pull::NatsPull;
pub(crate) use consumer::settle::NatsSettle;
pub(crate) use jetstream::direct_run::NatsRun;
pub(crate) use jetstream::ingest::NatsIngest;
pub(crate) use request::publish_ack::NatsAck;
pub(crate) use subscription::NatsSubscription;

/// Reads any bytes as what the server answers or says.
#[cfg(any(test, fuzzing))]
pub(crate) fn read_any(answer: &[u8]) {
    let _ = request::publish_ack::publish_ack(answer);
    if let Ok(text) = std::str::from_utf8(answer) {
        let _ = consumer::receipt::Receipts::of("ORDERS", "shop").read(text);
        let _ = connection::permission::Denials::new("_INBOX").read(text);
        let _ = shown(text);
    }
}
