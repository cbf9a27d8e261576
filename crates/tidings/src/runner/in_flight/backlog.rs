//! Messages that are here and not begun: which of them may begin next.

use std::collections::{BTreeMap, HashSet, VecDeque};

use tokio::time::Instant;

use super::queued_message::QueuedMessage;
use crate::route::BatchRule;

/// Messages that wait, in the order they came.
#[derive(Debug, Default)]
pub(crate) struct Backlog {
    waiting: VecDeque<QueuedMessage>,
    /// Messages that came too early, by the time when they are due.
    deferred: BTreeMap<(Instant, u64), QueuedMessage>,
    /// The keys of what is being handled.
    busy: HashSet<u64>,
    deferrals: u64,
    /// `true` if what came too early, or is tried again, keeps those behind it waiting.
    in_order: bool,
}

impl Backlog {
    /// Sets that none may begin before those that came before it.
    pub(crate) fn keep_order(&mut self, keep: bool) {
        self.in_order = keep;
    }

    /// Number of messages that wait and may begin when there is room. What came too early is not
    /// among them.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.deferred.is_empty()
    }

    /// The last to come.
    pub(crate) fn push(&mut self, mut queued: QueuedMessage) {
        queued.wait(Instant::now());
        self.waiting.push_back(queued);
    }

    /// Keeps one that came too early.
    pub(crate) fn defer(&mut self, mut queued: QueuedMessage, until: Instant) {
        queued.wait(Instant::now());
        queued.due = Some(until);
        self.deferrals += 1;
        self.deferred.insert((until, self.deferrals), queued);
    }

    /// Instant at which the next of those that came too early is due.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.deferred.first_key_value().map(|((due, _), _)| *due)
    }

    /// Makes those that are due the next.
    pub(crate) fn promote_due(&mut self, now: Instant) {
        let mut due = Vec::new();
        while let Some(entry) = self.deferred.first_entry()
            && entry.key().0 <= now
        {
            due.push(entry.remove());
        }
        due.into_iter().rev().for_each(|queued| self.waiting.push_front(queued));
    }

    /// Takes the first whose key is not being handled; its key is, from now on.
    pub(crate) fn next(&mut self) -> Option<QueuedMessage> {
        if self.in_order && !self.deferred.is_empty() {
            return None;
        }
        let is_free =
            |queued: &QueuedMessage| queued.key.is_none_or(|key| !self.busy.contains(&key));
        let index = self.waiting.iter().position(is_free)?;
        let queued = self.waiting.remove(index)?;
        self.busy.extend(queued.key);
        Some(queued)
    }

    /// Takes as many as make a batch: all of `size`, or fewer where the first has waited for `wait`
    /// or no more are to come.
    pub(crate) fn next_batch(
        &mut self,
        rule: BatchRule,
        now: Instant,
        last: bool,
    ) -> Vec<QueuedMessage> {
        let has_waited = self.batch_due(rule).is_some_and(|due| due <= now);
        if self.waiting.len() < rule.max_size && !has_waited && !last {
            return Vec::new();
        }
        let size = self.waiting.len().min(rule.max_size);
        self.waiting.drain(..size).collect()
    }

    /// Instant from which on the first has waited for so long that a batch is what is here.
    pub(crate) fn batch_due(&self, rule: BatchRule) -> Option<Instant> {
        self.waiting.front()?.since?.checked_add(rule.max_wait)
    }

    /// A message of this key was handled.
    pub(crate) fn release(&mut self, key: u64) {
        self.busy.remove(&key);
    }

    /// Messages of which the server was not told since `before`.
    pub(crate) fn due_for_progress(
        &mut self,
        before: Instant,
    ) -> impl Iterator<Item = &mut QueuedMessage> {
        let all = self.waiting.iter_mut().chain(self.deferred.values_mut());
        all.filter(move |queued| queued.told.is_none_or(|told| told <= before))
    }

    /// The messages that are here, whether they wait for a handler or for their time.
    pub(crate) fn all(&self) -> impl Iterator<Item = &QueuedMessage> {
        self.waiting.iter().chain(self.deferred.values())
    }

    /// Returns `true` if something waits that could have begun before then.
    pub(crate) fn is_late(&self, before: Instant) -> bool {
        let is_late =
            |queued: &QueuedMessage| queued.could_begin().is_some_and(|since| since <= before);
        self.waiting.iter().any(is_late) || self.due().is_some_and(|due| due <= before)
    }

    /// Takes out what could have begun before then, and what came behind it and must not begin
    /// before it, the oldest first; what is to be kept stays.
    pub(crate) fn take_late(
        &mut self,
        before: Instant,
        keep: impl Fn(&QueuedMessage) -> bool,
    ) -> Vec<QueuedMessage> {
        let is_late =
            |queued: &&QueuedMessage| queued.could_begin().is_some_and(|since| since <= before);
        let keys: HashSet<Option<u64>> =
            self.waiting.iter().filter(is_late).map(|queued| queued.key).collect();
        let stays = |queued: &QueuedMessage| !keys.contains(&queued.key) || keep(queued);
        let (kept, late): (VecDeque<_>, VecDeque<_>) =
            std::mem::take(&mut self.waiting).into_iter().partition(stays);
        self.waiting = kept;
        let mut late = Vec::from(late);
        let due: Vec<_> = self.deferred.range(..=(before, u64::MAX)).map(|(at, _)| *at).collect();
        for at in due {
            if self.deferred.get(&at).is_some_and(|queued| !keep(queued)) {
                late.extend(self.deferred.remove(&at));
            }
        }
        late
    }

    /// Empties it, the oldest first.
    pub(crate) fn drain(&mut self) -> Vec<QueuedMessage> {
        let waiting = std::mem::take(&mut self.waiting);
        let deferred = self.drain_deferred();
        if self.in_order {
            return deferred.into_iter().chain(waiting).collect();
        }
        waiting.into_iter().chain(deferred).collect()
    }

    /// Takes all that came too early.
    pub(crate) fn drain_deferred(&mut self) -> Vec<QueuedMessage> {
        std::mem::take(&mut self.deferred).into_values().collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio_util::sync::CancellationToken;

    use super::*;
    use std::sync::Arc;

    use crate::bus::Bus;
    use crate::context::{HandledMessage, RouteContext};
    use crate::probe::Span;
    use crate::subject::Subject;
    use crate::transport::Incoming;

    fn queued(name: &'static str, key: Option<u64>) -> QueuedMessage {
        let link = Bus::in_memory().link().clone();
        let route = Arc::new(RouteContext { link, stop: CancellationToken::new() });
        let incoming = Incoming { subject: Subject::from_static(name), ..Incoming::default() };
        QueuedMessage::new(Arc::new(HandledMessage::new(&route, incoming)), Span::default(), key)
    }

    fn next(backlog: &mut Backlog) -> Option<String> {
        backlog.next().map(|queued| queued.incoming.subject.to_string())
    }

    #[tokio::test(start_paused = true)]
    async fn a_busy_key_keeps_no_other_waiting() {
        let mut backlog = Backlog::default();
        for (name, key) in [("a1", 1), ("a2", 1), ("b1", 2), ("a3", 1)] {
            backlog.push(queued(name, Some(key)));
        }
        backlog.push(queued("none", None));
        assert_eq!(next(&mut backlog).as_deref(), Some("a1"));
        assert_eq!(next(&mut backlog).as_deref(), Some("b1"));
        assert_eq!(next(&mut backlog).as_deref(), Some("none"));
        assert_eq!(next(&mut backlog), None);
        backlog.release(1);
        assert_eq!(next(&mut backlog).as_deref(), Some("a2"));
        assert_eq!(next(&mut backlog), None);
        assert_eq!(backlog.waiting(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn what_came_too_early_is_the_next_when_it_is_due() {
        let mut backlog = Backlog::default();
        let now = Instant::now();
        let at = |secs| now + Duration::from_secs(secs);
        backlog.defer(queued("late", None), at(9));
        backlog.defer(queued("soon", None), at(3));
        backlog.defer(queued("soon too", None), at(3));
        backlog.push(queued("here", None));
        assert_eq!((backlog.due(), backlog.waiting()), (Some(at(3)), 1));
        backlog.promote_due(at(3));
        let order: Vec<_> = std::iter::from_fn(|| next(&mut backlog)).collect();
        assert_eq!(order, ["soon", "soon too", "here"]);
        assert!(!backlog.is_empty(), "one is still too early");
        assert_eq!(backlog.drain().len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn what_has_waited_for_too_long_goes_with_all_of_its_key() {
        let mut backlog = Backlog::default();
        let start = Instant::now();
        backlog.push(queued("a1", Some(1)));
        backlog.defer(queued("deferred", None), start + Duration::from_secs(5));
        tokio::time::advance(Duration::from_secs(10)).await;
        backlog.push(queued("b1", Some(2)));
        backlog.push(queued("a2", Some(1)));
        backlog.push(queued("a3", Some(1)));
        assert!(backlog.is_late(start));
        let late = backlog.take_late(start, |queued| queued.incoming.subject.as_str() == "a3");
        let late: Vec<_> = late.iter().map(|queued| queued.incoming.subject.as_str()).collect();
        assert_eq!(late, ["a1", "a2"], "what was deferred could begin for five seconds only");
        assert_eq!(backlog.take_late(start + Duration::from_secs(5), |_| false).len(), 1);
        let left: Vec<_> = std::iter::from_fn(|| next(&mut backlog)).collect();
        assert_eq!(left, ["b1", "a3"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_batch_is_full_or_has_waited() {
        let mut backlog = Backlog::default();
        let rule = BatchRule { max_size: 2, max_wait: Duration::from_secs(5) };
        let start = Instant::now();
        for name in ["a", "b", "c"] {
            backlog.push(queued(name, None));
        }
        assert_eq!(backlog.next_batch(rule, start, false).len(), 2);
        assert_eq!(backlog.next_batch(rule, start, false).len(), 0);
        let due = start + rule.max_wait;
        assert_eq!(backlog.batch_due(rule), Some(due));
        assert_eq!(backlog.next_batch(rule, due, false).len(), 1);
        backlog.push(queued("d", None));
        assert_eq!(backlog.next_batch(rule, start, true).len(), 1, "no more are to come");
    }

    #[tokio::test(start_paused = true)]
    async fn the_server_is_told_of_all_that_are_here() {
        let mut backlog = Backlog::default();
        let start = Instant::now();
        backlog.push(queued("waiting", None));
        backlog.defer(queued("deferred", None), start + Duration::from_secs(60));
        tokio::time::advance(Duration::from_secs(10)).await;
        backlog.push(queued("new", None));
        assert_eq!(backlog.due_for_progress(start).count(), 2);
        backlog.due_for_progress(start).for_each(|queued| queued.told = Some(Instant::now()));
        assert_eq!(backlog.due_for_progress(start).count(), 0);
    }
}
