//! The way back: originals are published again, then their letters are removed.

use std::future::IntoFuture;
use std::pin::Pin;
use std::time::SystemTime;

use data_encoding::BASE64URL_NOPAD;

use super::cause::DeadLetterReason;
use super::error::DeadLetterError;
use super::filter::DeadLetterFilter;
use super::handle::DeadLetters;
use super::opened::DeadLetter;
use super::progress::{Audience, DeadLetterProgress};
use super::store;
use crate::header::{self, Headers};
use crate::subject::{is_inbox, reserved};
use crate::transport::{Fault, Outgoing, is_splittable};

/// How many errors a report keeps.
const MOST_ERRORS: usize = 10;

/// Putting originals back: await it.
///
/// Each is stored on its subject first, then its letter is removed. Where that is interrupted it
/// can be begun again: within the duplicate window of its stream an original is put back once for
/// each letter, however often and by however many that is tried at a time.
///
/// # Errors
/// Awaited, [`DeadLetterError`] where the letters can't be read. What was put back stays so.
///
/// # Cancel safety
/// Dropping the future leaves it unknown whether the letter in work was put back; to begin again is
/// safe.
#[derive(Debug)]
#[must_use = "await it to put letters back"]
pub struct Redrive<'a> {
    letters: DeadLetters,
    filter: DeadLetterFilter,
    only_failed: bool,
    keep_going: bool,
    dry_run: bool,
    audience: Audience<'a>,
}

/// What was put back.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct RedriveReport {
    /// How many originals are on their subjects again, or would be, in a dry run.
    pub redriven: u64,
    /// How many of those had been put back before by somebody else, or by an earlier try.
    pub duplicates: u64,
    /// How many could not be put back; their letters stay.
    pub failed: u64,
    /// The first ten errors.
    pub errors: Vec<DeadLetterError>,
    /// Whether an error ended it, so that letters may be left.
    pub stopped: bool,
}

impl Redrive<'_> {
    pub(super) fn new(letters: DeadLetters, filter: DeadLetterFilter) -> Self {
        Self {
            letters,
            filter,
            only_failed: false,
            keep_going: false,
            dry_run: false,
            audience: Audience::default(),
        }
    }

    /// Only the consumer that failed handles them; every other durable consumer of Tidings passes
    /// them over. Without this, every reader of their subjects gets them again.
    pub fn only_failed_consumer(mut self) -> Self {
        self.only_failed = true;
        self
    }

    /// Goes on with the next letter where one can't be put back. Without this the first such ends
    /// it, so that nothing overtakes what was put aside before it. A letter whose headers can't be
    /// sent never ends it.
    pub fn keep_going(mut self) -> Self {
        self.keep_going = true;
        self
    }

    /// Changes nothing, and says what would be put back.
    pub fn dry_run(mut self) -> Self {
        self.dry_run = true;
        self
    }

    /// Tells how far it has come, after each letter.
    pub fn on_progress<'b>(self, tell: impl FnMut(DeadLetterProgress) + Send + 'b) -> Redrive<'b> {
        let Self { letters, filter, only_failed, keep_going, dry_run, audience: _ } = self;
        let audience = Audience::of(tell);
        Redrive { letters, filter, only_failed, keep_going, dry_run, audience }
    }

    async fn run(self) -> Result<RedriveReport, DeadLetterError> {
        let Self { letters, filter, only_failed, keep_going, dry_run, mut audience } = self;
        let mut report = RedriveReport::default();
        let total = letters.total(&filter, audience.is_there()).await?;
        let mut walk = letters.walk(filter);
        while let Some(letter) = walk.next().await {
            let sequence = match letter {
                Ok(letter) => {
                    match put_back(&letters, &letter, only_failed, dry_run).await {
                        Ok(Back::New) => report.redriven += 1,
                        Ok(Back::Duplicate) => {
                            report.redriven += 1;
                            report.duplicates += 1;
                        }
                        Err(error) => report.add(error, keep_going),
                    }
                    letter.sequence
                }
                Err(DeadLetterError::NoLetter { stream, sequence, subject }) => {
                    let error = DeadLetterError::NoLetter { stream, sequence, subject };
                    report.add(error, true);
                    sequence
                }
                Err(error) => return Err(error),
            };
            audience.tell(DeadLetterProgress { sequence, seen: walk.seen, total });
            if report.stopped {
                break;
            }
        }
        Ok(report)
    }
}

async fn put_back(
    from: &DeadLetters,
    letter: &DeadLetter,
    only_failed: bool,
    dry_run: bool,
) -> Result<Back, DeadLetterError> {
    let DeadLetters { link, letters } = from;
    let mut message = original(letter, letters, only_failed)?;
    fit(&mut message, link.transport.max_payload());
    let size = message.payload.len() + message.headers.wire_len();
    let limit = link.transport.max_payload();
    if size > limit {
        return Err(DeadLetterError::TooLarge { sequence: letter.sequence, size, limit });
    }
    if dry_run {
        return Ok(Back::New);
    }
    let stored = store::confirmed(link, letter.stream(), message).await;
    let ack = stored.map_err(|fault| failed(fault, letter, letters))?;
    from.let_go(letter).await?;
    from.remove(letter.sequence).await?;
    Ok(if ack.duplicate { Back::Duplicate } else { Back::New })
}

/// Whether an error is one letter's alone, and would be the same at each attempt.
fn is_of_letter(error: &DeadLetterError) -> bool {
    matches!(
        error,
        DeadLetterError::Unreadable { .. }
            | DeadLetterError::Marker { .. }
            | DeadLetterError::Waiting { .. }
            | DeadLetterError::Forbidden { .. }
    )
}

/// How an original is back.
enum Back {
    New,
    /// It was already.
    Duplicate,
}

impl RedriveReport {
    fn add(&mut self, error: DeadLetterError, keep_going: bool) {
        self.failed += 1;
        self.stopped = !keep_going && !is_of_letter(&error);
        if self.errors.len() < MOST_ERRORS {
            self.errors.push(error);
        }
    }
}

impl<'a> IntoFuture for Redrive<'a> {
    type Output = Result<RedriveReport, DeadLetterError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

/// The original as it is published again.
fn original(
    letter: &DeadLetter,
    letters: &str,
    only_failed: bool,
) -> Result<Outgoing, DeadLetterError> {
    if letter.is_gone() {
        let (sequence, stream) = (letter.sequence, letter.stream().to_owned());
        let original = letter.original_sequence().unwrap_or_default();
        return Err(DeadLetterError::Gone { sequence, stream, original });
    }
    let subject = letter.subject();
    let is_whole = !subject.contains(char::REPLACEMENT_CHARACTER)
        || *letter.reason() != DeadLetterReason::Unreadable;
    if letter.raw_headers().is_some() || !is_splittable(subject) || !is_whole {
        return Err(DeadLetterError::Unreadable { sequence: letter.sequence });
    }
    if let Some(problem) = forbidden(subject) {
        let (sequence, subject) = (letter.sequence, subject.to_owned());
        return Err(DeadLetterError::Forbidden { sequence, subject, problem });
    }
    if letter.payload().is_empty() && letter.headers().get(header::MARKER_REASON).is_some() {
        return Err(DeadLetterError::Marker { sequence: letter.sequence });
    }
    if letter.headers().get(header::SCHEDULE).is_some() {
        return Err(DeadLetterError::Waiting { sequence: letter.sequence });
    }
    let mut headers = Headers::new();
    for (name, value) in letter.headers().iter().filter(|(name, _)| header::comes_back(name)) {
        headers.push(name.to_owned(), value.to_owned());
    }
    let count = letter.redriven() + 1;
    let put_aside = letter.put_aside_at().duration_since(SystemTime::UNIX_EPOCH);
    let put_aside = put_aside.unwrap_or_default().as_nanos();
    let id = format!("{letters}.{}.{put_aside}.{count}", letter.sequence);
    headers.push(header::MESSAGE_ID, id);
    if let Some(id) = letter.message_id() {
        headers.push(header::ORIGINAL_ID, id.to_owned());
    }
    headers.push(header::REDRIVEN, count.to_string());
    if headers.get(header::ORIGIN).is_none()
        && let (Some(sequence), Some(at)) = (letter.original_sequence(), letter.stored_at())
    {
        let nanos = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_nanos();
        headers.push(header::ORIGIN, format!("{}.{sequence}.{nanos}", letter.stream()));
    }
    if only_failed {
        headers.push(header::ONLY, format!("{}/{}", letter.stream(), letter.consumer()));
    }
    let subject = letter.subject().to_owned().into();
    Ok(Outgoing { subject, headers, payload: letter.payload().clone() })
}

/// Why nothing is put back on this subject, whoever keeps it.
fn forbidden(subject: &str) -> Option<String> {
    if is_inbox(subject) {
        return Some("is an inbox, where answers go".to_owned());
    }
    reserved(subject).map(|why| why.to_string())
}

/// Makes room where an original that fits by itself does not with what is said of its way: what is
/// good to know is left out, and its id, which keeps it from being put back twice, is a short one.
fn fit(message: &mut Outgoing, limit: usize) {
    let is_over = |message: &Outgoing| {
        let headers = message.headers.wire_len();
        headers > usize::from(u16::MAX) || headers + message.payload.len() > limit
    };
    for name in [header::ORIGIN, header::REDRIVEN] {
        if is_over(message) {
            message.headers.remove(name);
        }
    }
    if is_over(message)
        && let Some(id) = message.headers.get(header::MESSAGE_ID)
    {
        let short = BASE64URL_NOPAD.encode(&digest(id).to_be_bytes());
        message.headers.set(header::MESSAGE_ID, short);
    }
    if is_over(message) {
        message.headers.remove(header::ORIGINAL_ID);
    }
}

/// FNV-1a: the same in every version and every process.
fn digest(id: &str) -> u64 {
    id.bytes().fold(0xcbf2_9ce4_8422_2325, |digest, byte| {
        (digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Why an original could not be put back.
fn failed(fault: Fault, letter: &DeadLetter, letters: &str) -> DeadLetterError {
    let (sequence, subject) = (letter.sequence, letter.subject().to_owned());
    match fault {
        Fault::NoResponders => {
            DeadLetterError::NoOrigin { sequence, subject, stream: letter.stream().to_owned() }
        }
        Fault::Api(error) => DeadLetterError::Refused {
            sequence,
            subject,
            code: error.code,
            description: error.description,
        },
        Fault::TooLarge { size, limit } => DeadLetterError::TooLarge { sequence, size, limit },
        other => DeadLetterError::of(other, letters),
    }
}
