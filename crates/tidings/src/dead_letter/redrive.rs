//! The way back: originals are published again, then their letters are removed.

use std::future::IntoFuture;
use std::pin::Pin;
use std::time::SystemTime;

use data_encoding::BASE64URL_NOPAD;
use hashbrown::HashSet;

use super::cause::DeadLetterReason;
use super::error::DeadLetterError;
use super::filter::DeadLetterFilter;
use super::home::Homes;
use super::letter_stream::LetterStream;
use super::progress::{Audience, DeadLetterProgress};
use super::stored_letter::DeadLetter;
use super::{key, store};
use crate::header::{self, Headers};
use crate::transport::{Fault, Outgoing, is_splittable};
use crate::warrant::{self, Signer};

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
    letters: LetterStream,
    filter: DeadLetterFilter,
    only_failed: bool,
    keep_going: bool,
    dry_run: bool,
    audience: Audience<'a>,
}

/// Result of a redrive.
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
    /// How many were left alone, since their stream took nothing; see
    /// [`keep_going`](Redrive::keep_going).
    pub left: u64,
    /// `true` if letters were left alone: those of a stream that took nothing, or, where the server
    /// did not answer, the rest of them.
    pub stopped: bool,
}

impl Redrive<'_> {
    pub(super) fn new(letters: LetterStream, filter: DeadLetterFilter) -> Self {
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

    /// Tries each letter, whatever became of those before it.
    ///
    /// Without this a stream that takes nothing, as one that is full, gets none of the letters behind
    /// the first that it refused: nothing overtakes what was put aside before it. The first that the
    /// server does not answer about ends it. A letter that can't be put back for itself, such as for
    /// its headers, its subject or its size, never keeps another one.
    pub fn keep_going(mut self) -> Self {
        self.keep_going = true;
        self
    }

    /// Changes nothing, and says what would be put back, and what is refused without being sent.
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
        let total = letters.total(&filter, audience.is_there()).await?;
        let mut walk = letters.walk(filter);
        let mut way = Way {
            letters: &letters,
            only_failed,
            keep_going,
            dry_run,
            homes: Homes::default(),
            signer: None,
            held: HashSet::new(),
        };
        let mut report = RedriveReport::default();
        let mut goes_on = true;
        while let Some(letter) = walk.next().await {
            let sequence = match letter {
                Ok(letter) => {
                    goes_on = way.go(&letter, &mut report).await;
                    letter.sequence
                }
                Err(DeadLetterError::NoLetter { stream, sequence, subject }) => {
                    report.failed(DeadLetterError::NoLetter { stream, sequence, subject });
                    sequence
                }
                Err(error) => return Err(error),
            };
            audience.tell(DeadLetterProgress { sequence, seen: walk.seen, total });
            if !goes_on {
                break;
            }
        }
        report.stopped = !goes_on || report.left > 0;
        Ok(report)
    }
}

/// How letters go back, one after the other.
struct Way<'a> {
    letters: &'a LetterStream,
    only_failed: bool,
    keep_going: bool,
    dry_run: bool,
    homes: Homes,
    /// The key of this redrive, once there is something to be put back.
    signer: Option<Signer>,
    /// Streams that take nothing for now: what is theirs waits for what was put aside before it.
    held: HashSet<String>,
}

impl Way<'_> {
    /// Puts one back, if nothing before it is in its way; says whether others can follow.
    async fn go(&mut self, letter: &DeadLetter, report: &mut RedriveReport) -> bool {
        if self.held.contains(letter.stream()) {
            report.left += 1;
            return true;
        }
        match self.put_back(letter).await {
            Ok(Back::New) => report.redriven += 1,
            Ok(Back::Duplicate) => {
                report.redriven += 1;
                report.duplicates += 1;
            }
            Err(error) => {
                if !self.keep_going && error.is_of_stream() {
                    self.held.insert(letter.stream().to_owned());
                }
                let goes_on = self.keep_going || error.is_of_letter();
                report.failed(error);
                return goes_on;
            }
        }
        true
    }

    async fn put_back(&mut self, letter: &DeadLetter) -> Result<Back, DeadLetterError> {
        let LetterStream { link, name: letters } = self.letters;
        let sequence = letter.sequence;
        let mut message = original(letter, letters, self.only_failed)?;
        fit(&mut message, link.transport.max_payload());
        let size = message.payload.len() + message.headers.wire_len();
        let limit = link.transport.max_payload();
        if size > limit {
            return Err(DeadLetterError::TooLarge { sequence, size, limit });
        }
        self.homes.admit(&link.transport, letters, letter, size).await?;
        if self.dry_run {
            return Ok(Back::New);
        }
        self.sign(&mut message).await?;
        let stored = store::confirmed(link, letter.stream(), message).await;
        let ack = stored.map_err(|fault| failed(fault, letter, letters))?;
        if ack.stream != letter.stream() || ack.sequence == 0 {
            return Err(DeadLetterError::Elsewhere {
                sequence,
                subject: letter.subject().to_owned(),
                stream: letter.stream().to_owned(),
                stored_by: ack.stream,
            });
        }
        self.letters.let_go(letter).await?;
        self.letters.remove(sequence).await?;
        Ok(if ack.duplicate { Back::Duplicate } else { Back::New })
    }
}

impl Way<'_> {
    /// Puts the signature in its place, if there is room for one.
    async fn sign(&mut self, message: &mut Outgoing) -> Result<(), DeadLetterError> {
        let LetterStream { link, name: letters } = self.letters;
        if message.headers.remove(header::WARRANT).is_none() {
            return Ok(());
        }
        let signer = match &self.signer {
            Some(signer) => signer,
            None => self.signer.insert(key::make(link, letters).await?),
        };
        let Outgoing { subject, headers, payload } = message;
        if let Some(warrant) = signer.sign(subject.as_str(), headers, payload) {
            headers.push(header::WARRANT, warrant);
        }
        Ok(())
    }
}

/// How an original is back.
enum Back {
    New,
    /// Put back already.
    Duplicate,
}

impl RedriveReport {
    fn failed(&mut self, error: DeadLetterError) {
        self.failed += 1;
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
    let is_sendable = letter.headers().iter().all(header::is_sendable);
    if letter.raw_headers().is_some() || !is_sendable || !is_splittable(subject) || !is_whole {
        return Err(DeadLetterError::Unreadable { sequence: letter.sequence });
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
    let count = letter.redriven().saturating_add(1);
    let put_aside = letter.put_aside_at().duration_since(SystemTime::UNIX_EPOCH);
    let put_aside = put_aside.unwrap_or_default().as_nanos();
    let id = format!("{letters}.{}.{put_aside}.{count}", letter.sequence);
    headers.push(header::MESSAGE_ID, id);
    headers.push(header::EXPECTED_STREAM, letter.stream().to_owned());
    if let Some(id) = letter.message_id() {
        headers.push(header::ORIGINAL_ID, id.to_owned());
    }
    headers.push(header::REDRIVEN, count.to_string());
    if let Some(origin) = letter.origin() {
        headers.push(header::ORIGIN, origin);
    } else if let (Some(sequence), Some(at)) = (letter.original_sequence(), letter.stored_at()) {
        let nanos = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_nanos();
        headers.push(header::ORIGIN, format!("{}.{sequence}.{nanos}", letter.stream()));
    }
    if only_failed {
        headers.push(header::ONLY, format!("{}/{}", letter.stream(), letter.consumer()));
    }
    headers.push(header::WARRANT, warrant::blank(letters, letter.sequence));
    let subject = letter.subject().to_owned().into();
    Ok(Outgoing { subject, headers, payload: letter.payload().clone() })
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
    // What is signed now is for whom it is, or nothing. Which stream has stored it, its ack says too.
    let is_for_all = message.headers.get(header::ONLY).is_none();
    for name in [header::ORIGINAL_ID, header::WARRANT, header::EXPECTED_STREAM] {
        if is_over(message) && (is_for_all || name != header::WARRANT) {
            message.headers.remove(name);
        }
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
        Fault::Denied(source) => DeadLetterError::Denied { sequence, source },
        Fault::Client(source) => DeadLetterError::Unsendable { sequence, source },
        other => DeadLetterError::of(other, letters),
    }
}
