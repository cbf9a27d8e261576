//! Where a stream keeps a delivered message: read off its reply subject (ADR-15).

use std::time::{Duration, SystemTime};

use crate::transport::Receipt;

/// Reads `$JS.ACK.<stream>.<consumer>.<delivered>.<stream seq>.<consumer seq>.<time>.<pending>`,
/// or its longer form with a domain and an account before the stream.
pub(super) fn receipt(reply: &str) -> Option<Receipt> {
    let rest = reply.strip_prefix("$JS.ACK.")?;
    let tokens = rest.split('.').count();
    // The longer form may grow at its end.
    let mut tokens = rest.split('.').skip(if tokens >= 9 { 2 } else { 0 });
    let stream = tokens.next()?;
    let consumer = tokens.next()?;
    let mut number = || tokens.next()?.parse::<u64>().ok();
    let attempt = number()?;
    let sequence = number()?;
    let _consumer_sequence = number()?;
    let nanos = number()?;
    let pending = number()?;
    Some(Receipt {
        stream: stream.to_owned(),
        consumer: consumer.to_owned(),
        sequence,
        attempt,
        pending,
        stored_at: SystemTime::UNIX_EPOCH + Duration::from_nanos(nanos),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms() {
        let expected = Receipt {
            stream: "ORDERS".into(),
            consumer: "billing".into(),
            sequence: 42,
            attempt: 3,
            pending: 7,
            stored_at: SystemTime::UNIX_EPOCH + Duration::from_nanos(1_700_000_000_000_000_001),
        };
        for reply in [
            "$JS.ACK.ORDERS.billing.3.42.41.1700000000000000001.7",
            "$JS.ACK._.hash.ORDERS.billing.3.42.41.1700000000000000001.7",
            "$JS.ACK.domain.hash.ORDERS.billing.3.42.41.1700000000000000001.7.random",
        ] {
            assert_eq!(receipt(reply).as_ref(), Some(&expected), "{reply}");
        }
        for reply in ["", "_INBOX.x", "$JS.ACK.ORDERS.billing.3", "$JS.ACK.a.b.x.1.1.1.1"] {
            assert_eq!(receipt(reply), None, "{reply}");
        }
    }
}
