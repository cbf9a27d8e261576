//! Storing a letter, until the server says that it has it.

use tokio::time::{Instant, timeout_at};

use super::cause::Cause;
use super::letter::{Original, OriginalHeaders, letter, referring};
use super::naming;
use crate::confirm::{self, Resend, Unstored};
use crate::header;
use crate::link::Link;
use crate::publish_ack::PublishAck;
use crate::stream::Retention;
use crate::traces::{Operation, Parent, Sent, kind_of};
use crate::transport::{
    ApiError, Fault, Incoming, Outgoing, Receipt, StoredHeaders, StoredMessage, Transport, Which,
};

/// Form in which a letter is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LetterForm {
    /// A letter with all of the original.
    Whole,
    /// A letter that refers to the original, which is too large for a letter, and must stay.
    Referring,
}

/// Stores a letter of a delivered message. It is stored when this returns `Ok`, once for each
/// message and consumer, however often it is called.
///
/// # Errors
/// It may be stored all the same after [`Fault::Timeout`] and [`Fault::Closed`], else it is not:
/// the original must stay.
pub(crate) async fn store(
    link: &Link,
    letters: &str,
    incoming: &Incoming,
    cause: &Cause,
    parent: &Parent,
) -> Result<LetterForm, Fault> {
    let receipt = incoming.receipt.as_ref();
    let original = Original {
        subject: incoming.subject.as_str(),
        headers: OriginalHeaders::Read(&incoming.headers),
        payload: &incoming.payload,
        receipt: receipt.ok_or_else(|| Fault::client("no stream keeps the message"))?,
    };
    store_as_it_fits(link, letters, original, cause, parent).await
}

/// Stores the letter of a message that was read from its stream, also where its header block can't
/// be read.
pub(crate) async fn store_read(
    link: &Link,
    letters: &str,
    stored: &StoredMessage,
    receipt: &Receipt,
    cause: &Cause,
) -> Result<LetterForm, Fault> {
    let (headers, parent) = match &stored.headers {
        StoredHeaders::Read(headers) => {
            (OriginalHeaders::Read(headers), Parent::of_message(headers))
        }
        StoredHeaders::Unreadable(block) => (OriginalHeaders::Raw(block), Parent::default()),
    };
    let (subject, payload) = (stored.subject.as_str(), &stored.payload);
    let original = Original { subject, headers, payload, receipt };
    store_as_it_fits(link, letters, original, cause, &parent).await
}

/// Stores a whole letter, or one that refers where neither the server nor the stream takes that.
async fn store_as_it_fits(
    link: &Link,
    letters: &str,
    original: Original<'_>,
    cause: &Cause,
    parent: &Parent,
) -> Result<LetterForm, Fault> {
    let limit = link.transport.max_payload();
    if let Some(whole) = letter(letters, original, cause, limit) {
        let stored = traced(link, letters, whole, parent).await;
        match stored {
            Ok(_) => return Ok(LetterForm::Whole),
            Err(
                Fault::TooLarge { .. }
                | Fault::Api(ApiError {
                    code: ApiError::MESSAGE_TOO_LARGE | ApiError::HEADERS_TOO_LARGE,
                    ..
                }),
            ) => {}
            Err(fault) => return Err(fault),
        }
    }
    traced(link, letters, referring(letters, original, cause, limit), parent).await?;
    Ok(LetterForm::Referring)
}

/// Stores a letter with a span. It carries the context of its original, and not that of the span: what is put back is
/// what it was.
async fn traced(
    link: &Link,
    letters: &str,
    letter: Outgoing,
    parent: &Parent,
) -> Result<PublishAck, Fault> {
    let operation = Operation::DeadLetter;
    let transport = &link.transport;
    let stream = Some(letters);
    let sent = Sent { operation, template: None, stream, transport, messages: None };
    let span = link.traces.send(sent, parent, &letter);
    let stored = confirmed(link, letters, letter).await;
    span.end(&stored, |fault| kind_of(fault).into());
    stored
}

/// Returns `true` if the original may be settled once its letter is stored: not where the letter
/// refers to it, and its stream lets go of what is settled.
pub(crate) async fn may_go(link: &Link, stored: LetterForm, stream: &str) -> Result<bool, Fault> {
    if stored == LetterForm::Whole {
        return Ok(true);
    }
    let config = link.transport.stream(stream).await?;
    Ok(config.is_none_or(|config| config.retention == Retention::Limits))
}

/// Returns `true` if there is a letter of this message and consumer already, in spite of the time
/// that has passed.
pub(crate) async fn is_stored(
    link: &Link,
    letters: &str,
    subject: &str,
    receipt: &Receipt,
) -> Result<bool, Fault> {
    let filter = naming::fitting_subject(letters, receipt, subject);
    let id = naming::letter_id(receipt);
    let transport = &link.transport;
    // No letter is older than its original.
    let mut from = transport.first_since(letters, &filter, receipt.stored_at).await?;
    while let Some(stored) =
        transport.stored(letters, Which::Next { from, filter: &filter }).await?
    {
        if let StoredHeaders::Read(headers) = &stored.headers
            && headers.get(header::MESSAGE_ID) == Some(&id)
        {
            return Ok(true);
        }
        from = stored.sequence + 1;
    }
    Ok(false)
}

/// Removes a letter, or an advisory; says whether it was still there.
pub(crate) async fn remove(
    transport: &Transport,
    letters: &str,
    sequence: u64,
) -> Result<bool, Fault> {
    match transport.delete_message(letters, sequence).await {
        Ok(()) => Ok(true),
        Err(Fault::Api(error)) if error.is_no_message() => Ok(false),
        Err(fault) => Err(fault),
    }
}

/// Sends a message until its stream has stored it: its id makes it the same message each time.
pub(super) async fn confirmed(
    link: &Link,
    stream: &str,
    message: Outgoing,
) -> Result<PublishAck, Fault> {
    let at = Instant::now();
    let deadline = at + link.timeouts.publish;
    let sent = async { link.transport.store(&message).await?.await };
    let answer = timeout_at(deadline.min(at + link.timeouts.ack), sent).await;
    let fault = match answer.map(|answer| confirm::of_stream(answer?, stream)) {
        Ok(Ok(ack)) => return Ok(ack),
        Ok(Err(fault)) => fault,
        Err(_) => Fault::Timeout,
    };
    let (message, subject, window) = (&message, &message.subject, confirm::WINDOW);
    let resend = Resend { link, stream, message, subject, window, at, deadline };
    Box::pin(resend.until_confirmed(fault)).await.map_err(|unstored| match unstored {
        Unstored::Refused(fault) => fault,
        Unstored::Leaderless => Fault::NoResponders,
        Unstored::Unsent | Unstored::Unconfirmed => Fault::Timeout,
    })
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::dead_letter::DeadLetterReason;
    use crate::dead_letter::naming::stream_config;
    use crate::link::Timeouts;
    use crate::subject::Subject;
    use crate::traces::Tracing;
    use crate::transport::IncomingHeaders;
    use crate::transport::memory::Memory;

    const LETTERS: &str = "shop-dead-letters";

    fn link() -> Link {
        Link {
            transport: Transport::Memory(Memory::new()),
            timeouts: Timeouts::default().into(),
            environment: std::sync::Arc::default(),
            cloud_events: None,
            traces: Tracing::default(),
            observers: None,
            pulse: std::sync::Arc::default(),
        }
    }

    fn failed(sequence: u64) -> (Incoming, Cause) {
        let receipt = Receipt {
            stream: "ORDERS".into(),
            consumer: "shop".into(),
            sequence,
            attempt: 1,
            pending: 0,
            stored_at: SystemTime::UNIX_EPOCH,
        };
        let incoming = Incoming {
            subject: Subject::from_static("orders.created"),
            reply: None,
            headers: IncomingHeaders::default(),
            payload: bytes::Bytes::from_static(b"{}"),
            receipt: Some(receipt),
            settle: None,
        };
        let cause = Cause {
            reason: DeadLetterReason::Rejected,
            error: "no".into(),
            attempts: 1,
            first_failed_at: None,
            last_failed_at: SystemTime::UNIX_EPOCH,
        };
        (incoming, cause)
    }

    #[tokio::test(start_paused = true)]
    async fn one_failure_is_one_letter() {
        let link = link();
        let config = stream_config(LETTERS, [("ORDERS", "shop")]);
        link.transport.create_stream(&config).await.unwrap();
        for sequence in [1, 1, 2, 1] {
            let (incoming, cause) = failed(sequence);
            store(&link, LETTERS, &incoming, &cause, &Parent::default()).await.unwrap();
        }
        assert_eq!(link.transport.stream_state(LETTERS).await.unwrap().messages, 2);
        let filter = "_dead_letters.shop-dead-letters.ORDERS.shop.>";
        let next = |from| link.transport.stored(LETTERS, Which::Next { from, filter });
        assert_eq!(next(1).await.unwrap().unwrap().sequence, 1);
        assert_eq!(next(2).await.unwrap().unwrap().payload, b"{}".as_slice());
        assert!(next(3).await.unwrap().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_stored_where_there_is_no_room_or_no_stream() {
        let link = link();
        let (incoming, cause) = failed(1);
        let missing = store(&link, LETTERS, &incoming, &cause, &Parent::default()).await;
        assert!(matches!(missing, Err(Fault::NoResponders)), "{missing:?}");

        let mut config = stream_config(LETTERS, []);
        config.max_messages = Some(1);
        link.transport.create_stream(&config).await.unwrap();
        store(&link, LETTERS, &incoming, &cause, &Parent::default()).await.unwrap();
        let (second, cause) = failed(2);
        let full = store(&link, LETTERS, &second, &cause, &Parent::default()).await;
        assert!(matches!(full, Err(Fault::Api(ApiError { code: 10_077, .. }))), "{full:?}");

        let (mut large, cause) = failed(3);
        large.payload = vec![0; link.transport.max_payload()].into();
        let large = store(&link, LETTERS, &large, &cause, &Parent::default()).await;
        assert!(matches!(large, Err(Fault::Api(ApiError { code: 10_077, .. }))), "{large:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_missing_stream_is_found_though_somebody_listens() {
        let link = link();
        let everything = Subject::from_static("_dead_letters.>");
        let _listening = link.transport.subscribe(everything, None).await.unwrap();
        let (incoming, cause) = failed(1);
        let begun = Instant::now();
        let missing = store(&link, LETTERS, &incoming, &cause, &Parent::default()).await;
        assert!(matches!(missing, Err(Fault::NoResponders)), "{missing:?}");
        assert!(begun.elapsed() <= link.timeouts.ack, "{:?}", begun.elapsed());
    }
}
