//! Number of messages that are fetched ahead of who takes them one by one.

use std::time::Duration;

use tokio::time::Instant;

/// Number of messages that are fetched ahead at first, and of whoever is slow.
const LEAST: usize = 16;
/// Maximum number of messages that are fetched ahead, of whoever is quick: so many that the server
/// hardly ever waits to be asked.
const MOST: usize = 1000;
/// Maximum number of bytes that they have together, as long as they are like those that came
/// before.
const MOST_BYTES: usize = 8 << 20;
/// The time in which half of what is here is to be worked off, if more is to be fetched.
const QUICK: Duration = Duration::from_millis(50);
/// Factor by which it may take longer until less is fetched.
const SLOW: u32 = 8;

/// Fetches more as long as messages are worked off at once, so that none waits here for long. The
/// time in which there are none does not count.
#[derive(Debug)]
pub(crate) struct Prefetch {
    room: usize,
    most: usize,
    quick: Duration,
    taken: usize,
    bytes: usize,
    /// Time that it took, and since when it goes on.
    worked: Duration,
    since: Option<Instant>,
}

impl Prefetch {
    /// A prefetch of at most `most` messages, which may be here for this time.
    pub(crate) fn new(most: u64, wait: Duration) -> Self {
        let most = usize::try_from(most).unwrap_or(MOST).clamp(1, MOST);
        Self {
            room: LEAST.min(most),
            most,
            quick: QUICK.min(wait / 64),
            taken: 0,
            bytes: 0,
            worked: Duration::ZERO,
            since: None,
        }
    }

    pub(crate) fn room(&self) -> usize {
        self.room
    }

    /// Notes that there is no message: whoever takes them waits.
    pub(crate) fn waits(&mut self) {
        if let Some(since) = self.since.take() {
            self.worked += since.elapsed();
        }
    }

    /// A message is taken; gives how many may be here from now on, where that changes.
    pub(crate) fn takes(&mut self, bytes: usize) -> Option<usize> {
        let is_due = self.taken * 2 >= self.room;
        if is_due {
            self.waits();
        }
        self.since.get_or_insert_with(Instant::now);
        let room = is_due.then(|| self.turn());
        self.taken += 1;
        self.bytes += bytes;
        room.filter(|room| std::mem::replace(&mut self.room, *room) != *room)
    }

    /// Draws the conclusion from how the last messages were worked off.
    fn turn(&mut self) -> usize {
        let (worked, each) = (self.worked, self.bytes / self.taken.max(1));
        (self.worked, self.taken, self.bytes) = (Duration::ZERO, 0, 0);
        let room = match worked {
            quick if quick <= self.quick => self.room * 2,
            slow if slow > self.quick * SLOW => self.room / 2,
            _ => self.room,
        };
        room.min(MOST_BYTES / each.max(1)).max(LEAST).min(self.most)
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    const WAIT: Duration = Duration::from_secs(30);

    /// Takes messages of so many bytes, and works on each for this time.
    async fn take(prefetch: &mut Prefetch, messages: usize, bytes: usize, work: Duration) {
        for _ in 0..messages {
            prefetch.takes(bytes);
            advance(work).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_quick_gets_more_and_who_is_slow_less() {
        let mut prefetch = Prefetch::new(1000, WAIT);
        assert_eq!(prefetch.room(), LEAST);
        take(&mut prefetch, 2000, 200, Duration::from_micros(10)).await;
        assert_eq!(prefetch.room(), MOST);
        take(&mut prefetch, 2000, 200, Duration::from_millis(2)).await;
        assert!((50..=400).contains(&prefetch.room()), "{}", prefetch.room());
        take(&mut prefetch, 2000, 200, Duration::from_secs(1)).await;
        assert_eq!(prefetch.room(), LEAST);
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_the_server_is_not_slow() {
        let mut prefetch = Prefetch::new(1000, WAIT);
        for _ in 0..2000 {
            prefetch.takes(200);
            prefetch.waits();
            advance(Duration::from_secs(1)).await;
        }
        assert_eq!(prefetch.room(), MOST);
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_bounded() {
        let quick = Duration::from_micros(10);
        let mut few = Prefetch::new(3, WAIT);
        take(&mut few, 100, 200, quick).await;
        assert_eq!(few.room(), 3);
        let mut large = Prefetch::new(1000, WAIT);
        take(&mut large, 1000, 200_000, quick).await;
        assert_eq!(large.room(), MOST_BYTES / 200_000);
        // A short ack wait leaves little time.
        let mut hasty = Prefetch::new(1000, Duration::from_millis(64));
        take(&mut hasty, 1000, 200, Duration::from_millis(1)).await;
        assert_eq!(hasty.room(), LEAST);
    }
}
