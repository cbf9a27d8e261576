//! Removing letters for good.

use std::future::IntoFuture;
use std::pin::Pin;

use super::error::DeadLetterError;
use super::filter::DeadLetterFilter;
use super::letter_stream::LetterStream;
use super::progress::{DeadLetterProgress, ProgressCallback};
use crate::subject::Subject;

/// A removal of letters for good, begun by `.await`.
///
/// # Errors
/// Awaited, [`DeadLetterError`]. What was removed stays so.
///
/// # Cancel safety
/// Dropping the future leaves letters that were not reached; to begin again is safe.
#[derive(Debug)]
#[must_use = "await it to remove letters"]
pub struct Purge<'a> {
    letters: LetterStream,
    filter: DeadLetterFilter,
    dry_run: bool,
    callback: ProgressCallback<'a>,
}

/// Result of a purge.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct PurgeReport {
    /// Number of letters that were removed, or would be, in a dry run.
    pub purged: u64,
}

impl Purge<'_> {
    pub(super) fn new(letters: LetterStream, filter: DeadLetterFilter) -> Self {
        Self { letters, filter, dry_run: false, callback: ProgressCallback::default() }
    }

    /// Changes nothing, and says what would be removed.
    pub fn dry_run(mut self) -> Self {
        self.dry_run = true;
        self
    }

    /// Tells how far it has come, after each letter. Where the server removes letters at once, as those
    /// that are chosen by their stream, consumer or subject alone, nothing is told of them.
    pub fn on_progress<'b>(self, tell: impl FnMut(DeadLetterProgress) + Send + 'b) -> Purge<'b> {
        let Self { letters, filter, dry_run, callback: _ } = self;
        Purge { letters, filter, dry_run, callback: ProgressCallback::of(tell) }
    }

    async fn run(self) -> Result<PurgeReport, DeadLetterError> {
        let Self { letters, filter, dry_run, mut callback } = self;
        let purged = match (filter.is_of_subjects(), dry_run) {
            (false, _) => one_by_one(&letters, filter, dry_run, &mut callback).await?,
            (true, true) => letters.count(&filter).await?,
            (true, false) => by_stream(&letters, filter, &mut callback).await?,
        };
        Ok(PurgeReport { purged })
    }
}

/// Purges by stream: where subjects say which, the server does it; but for the letters of a stream
/// that may keep originals for them.
async fn by_stream(
    letters: &LetterStream,
    filter: DeadLetterFilter,
    callback: &mut ProgressCallback<'_>,
) -> Result<u64, DeadLetterError> {
    let (mut purged, mut next) = (0, 0);
    let subjects = filter.letter_subjects(&letters.name)?;
    // What is put aside later is for the next time.
    let last = letters.last_sequence().await?;
    while let Some((sequence, stream)) = letters.stream_of_first(&subjects, next).await?
        && sequence <= last
    {
        let of_stream = filter.clone().stream(stream.as_str());
        purged += if letters.keeps_originals(&stream).await? {
            one_by_one(letters, of_stream, false, callback).await?
        } else {
            at_once(letters, &of_stream).await?
        };
        next = sequence + 1;
    }
    Ok(purged)
}

/// Removes each letter that is meant, and before it what its stream keeps for it alone.
async fn one_by_one(
    letters: &LetterStream,
    filter: DeadLetterFilter,
    dry_run: bool,
    callback: &mut ProgressCallback<'_>,
) -> Result<u64, DeadLetterError> {
    let mut purged = 0;
    let total = letters.total(&filter, callback.is_set()).await?;
    let mut walk = letters.walk(filter);
    while let Some(letter) = walk.next().await {
        let sequence = match letter {
            Ok(letter) => {
                if !dry_run {
                    letters.release_original(&letter).await?;
                }
                letter.sequence
            }
            // The message is no letter, and so the filter does not mean it.
            Err(DeadLetterError::NoLetter { .. }) => continue,
            Err(error) => return Err(error),
        };
        if dry_run || letters.remove(sequence).await? {
            purged += 1;
        }
        callback.tell(DeadLetterProgress { sequence, seen: walk.seen, total });
    }
    Ok(purged)
}

async fn at_once(from: &LetterStream, filter: &DeadLetterFilter) -> Result<u64, DeadLetterError> {
    let LetterStream { link, name: letters } = from;
    let subjects = Subject::from(filter.letter_subjects(letters)?);
    let purged = link.transport.purge_stream(letters, Some(&subjects)).await;
    purged.map_err(|fault| DeadLetterError::of(fault, letters))
}

impl<'a> IntoFuture for Purge<'a> {
    type Output = Result<PurgeReport, DeadLetterError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}
