//! Receipt of a delivered message: its stream, consumer and sequence, read off its reply subject
//! (ADR-15).

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::transport::Receipt;
use crate::transport::nats::codec::ack_numbers::{AckLead, Numbers};

/// Reads the receipts of one consumer, whose reply subjects differ in their numbers alone.
#[derive(Debug)]
pub(crate) struct Receipts {
    /// The consumer's stream and its name.
    of: [String; 2],
    last: Option<AckLead>,
}

impl Receipts {
    /// Makes the reader of the receipts of this stream's consumer.
    pub(crate) fn of(stream: &str, consumer: &str) -> Self {
        Self { of: [stream, consumer].map(str::to_owned), last: None }
    }

    /// The receipt of a message, and how many deliveries there were before it. `None` where the reply
    /// subject is not the consumer's own: somebody else sent the message, and an ack would go where
    /// they want.
    pub(crate) fn read(&mut self, reply: &str) -> Option<(Receipt, u64)> {
        let known = self.last.as_ref().and_then(|last| {
            let numbers = reply.strip_prefix(last.lead.as_str())?;
            Some((last, Numbers::read(numbers, last.form)?))
        });
        let (consumer, numbers) = if let Some(known) = known {
            known
        } else {
            let (consumer, numbers) = AckLead::read(reply)?;
            if [&*consumer.stream, &*consumer.name] != self.of {
                return None;
            }
            (&*self.last.insert(consumer), numbers)
        };
        let receipt = Receipt {
            stream: Arc::clone(&consumer.stream),
            consumer: Arc::clone(&consumer.name),
            sequence: numbers.sequence,
            attempt: numbers.attempt,
            pending: numbers.pending,
            stored_at: SystemTime::UNIX_EPOCH + Duration::from_nanos(numbers.nanos),
        };
        Some((receipt, numbers.consumer_sequence))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expected(sequence: u64) -> Receipt {
        Receipt {
            stream: "ORDERS".into(),
            consumer: "billing".into(),
            sequence,
            attempt: 3,
            pending: 7,
            stored_at: SystemTime::UNIX_EPOCH + Duration::from_nanos(1_700_000_000_000_000_001),
        }
    }

    #[test]
    fn both_forms() {
        for lead in [
            "$JS.ACK.ORDERS.billing",
            "$JS.ACK._.hash.ORDERS.billing",
            "$JS.ACK.1.2.ORDERS.billing",
        ] {
            let mut receipts = Receipts::of("ORDERS", "billing");
            for sequence in [42, 43] {
                let reply = format!("{lead}.3.{sequence}.41.1700000000000000001.7");
                assert_eq!(receipts.read(&reply), Some((expected(sequence), 41)), "{reply}");
            }
        }
        let mut receipts = Receipts::of("ORDERS", "billing");
        for sequence in [42, 43] {
            let reply = format!(
                "$JS.ACK.domain.hash.ORDERS.billing.3.{sequence}.41.1700000000000000001.7.random"
            );
            assert_eq!(receipts.read(&reply), Some((expected(sequence), 41)), "{reply}");
        }
    }

    #[test]
    fn what_is_no_receipt() {
        let mut receipts = Receipts::of("a", "b");
        let known = "$JS.ACK.a.b.1.2.3.4.5";
        for _ in 0..2 {
            for reply in [
                "",
                "_INBOX.x",
                "$JS.ACK.a.b.3",
                "$JS.ACK.a.b.x.1.1.1.1",
                // Another consumer's.
                "$JS.ACK.a.c.1.2.3.4.5",
                "$JS.ACK.b.b.1.2.3.4.5",
                "$JS.ACK._.hash.b.a.1.2.3.4.5",
                "$JS.API.STREAM.DELETE.a.b.1.2.3.4.5",
                "$JS.ACK.a.b.1.2.3.4.",
                "$JS.ACK.a.b.1..3.4.5",
                "$JS.ACK.a.b.1.2.3.4.18446744073709551616",
            ] {
                assert_eq!(receipts.read(reply), None, "{reply}");
            }
            assert!(receipts.read(known).is_some());
        }
    }

    #[test]
    fn a_name_of_digits_is_not_a_number() {
        // A consumer of stream `1` called `2`, and then another one whose domain and account are.
        let mut receipts = Receipts::of("1", "2");
        let (first, _) = receipts.read("$JS.ACK.1.2.3.4.5.6.7").unwrap();
        assert_eq!((&*first.stream, &*first.consumer, first.sequence), ("1", "2", 4));
        let mut receipts = Receipts::of("3", "4");
        let (second, _) = receipts.read("$JS.ACK.1.2.3.4.5.6.7.8.9").unwrap();
        assert_eq!((&*second.stream, &*second.consumer, second.sequence), ("3", "4", 6));
    }
}
