use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::task::Wake;
use std::time::Duration;

use bytes::Bytes;

use super::*;

#[derive(Debug, Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Somebody who waits, and how often they were woken.
#[derive(Debug, Default)]
struct Asker(Arc<Count>);

impl Asker {
    fn look(&self, pending: &PendingReplies, token: ReplyToken) -> Poll<Result<Message, Fault>> {
        pending.poll(token, &mut Context::from_waker(&Waker::from(Arc::clone(&self.0))))
    }

    fn woken(&self) -> usize {
        self.0.0.swap(0, Ordering::Relaxed)
    }
}

fn pending() -> PendingReplies {
    PendingReplies::new("_INBOX")
}

fn take(pending: &PendingReplies, subject: &'static str) -> (ReplyToken, Subject) {
    pending.take(Subject::from_static(subject), None).unwrap()
}

fn message(subject: &Subject, payload: &'static str) -> Message {
    let payload = Bytes::from_static(payload.as_bytes());
    let subject = subject.clone();
    let (headers, status, description) = (None, None, None);
    Message { subject, reply: None, length: 0, payload, headers, status, description }
}

/// Answers all at once, and wakes whoever is to be woken.
fn answer(pending: &PendingReplies, answers: &[(&Subject, &'static str)]) {
    let mut messages: Vec<_> = answers.iter().map(|(to, text)| message(to, text)).collect();
    let mut wakers = Vec::new();
    pending.answer(&mut messages, &mut wakers);
    wakers.into_iter().for_each(Waker::wake);
}

fn text(answer: Poll<Result<Message, Fault>>) -> Option<Bytes> {
    match answer {
        Poll::Ready(answer) => Some(answer.unwrap().payload),
        Poll::Pending => None,
    }
}

#[test]
fn each_gets_its_own_answer_and_is_woken_once() {
    let (pending, first, second) = (pending(), Asker::default(), Asker::default());
    let (one, to_one) = take(&pending, "a");
    let (two, to_two) = take(&pending, "a");
    assert_ne!(to_one, to_two);
    assert_eq!(text(first.look(&pending, one)), None);
    assert_eq!(text(first.look(&pending, one)), None);
    assert!(pending.take_answer(two).is_none());
    // Also for who has not looked yet; of several answers the first counts.
    answer(&pending, &[(&to_two, "2"), (&to_one, "1"), (&to_one, "again")]);
    assert_eq!((first.woken(), second.woken()), (1, 0));
    assert_eq!(text(first.look(&pending, one)).unwrap(), "1");
    assert_eq!(pending.take_answer(two).unwrap().unwrap().payload, "2");
    assert!(pending.take_answer(two).is_none());
    assert!(matches!(first.look(&pending, one), Poll::Ready(Err(Fault::Closed))));
}

#[test]
fn a_late_answer_is_nobodys() {
    let (pending, asker) = (pending(), Asker::default());
    let (forgotten, to_forgotten) = take(&pending, "a");
    pending.forget(forgotten);
    pending.forget(forgotten);
    let (next, to_next) = take(&pending, "a");
    assert_eq!(next.slot, forgotten.slot, "the slot is used again");
    answer(&pending, &[(&to_forgotten, "late")]);
    assert_eq!(text(asker.look(&pending, next)), None);
    pending.forget(forgotten);
    answer(&pending, &[(&to_next, "in time"), (&to_forgotten, "late")]);
    assert_eq!(text(asker.look(&pending, next)).unwrap(), "in time");
    // A second answer comes when the slot is free, then when another has it.
    answer(&pending, &[(&to_next, "twice")]);
    let (third, to_third) = take(&pending, "a");
    assert_eq!(third.slot, next.slot);
    answer(&pending, &[(&to_next, "thrice"), (&to_third, "3")]);
    assert_eq!(text(asker.look(&pending, third)).unwrap(), "3");
    assert_eq!(pending.table().slots.len(), 1);
}

#[test]
fn what_is_no_answer_is_dropped() {
    let (pending, asker) = (pending(), Asker::default());
    let (one, _) = take(&pending, "a");
    for token in ["", "*", "zzzz", "éé", "AAAAAAAAAAAAAAA"] {
        let to = Subject::from(format!("{}{token}", pending.prefix));
        answer(&pending, &[(&to, "stray"), (&Subject::from_static("x"), "stray")]);
    }
    assert_eq!(text(asker.look(&pending, one)), None);
}

#[test]
fn who_asked_what_is_denied_is_told() {
    let (pending, asker) = (pending(), Asker::default());
    let (a, _) = take(&pending, "a");
    let (b, to_b) = take(&pending, "b");
    assert_eq!(text(asker.look(&pending, a)), None);
    let denied = |subject: &str, action| Denial {
        action,
        subject: subject.to_owned(),
        queue_group: None,
        is_inbox: false,
    };
    assert!(!pending.deny(&denied("c", DeniedAction::Publish)));
    assert!(!pending.deny(&denied("a", DeniedAction::Subscribe)));
    assert!(pending.deny(&denied("a", DeniedAction::Publish)));
    assert!(!pending.deny(&denied("a", DeniedAction::Publish)), "it was told");
    assert_eq!(asker.woken(), 1);
    assert!(matches!(asker.look(&pending, a), Poll::Ready(Err(Fault::Denied(_)))));
    answer(&pending, &[(&to_b, "b")]);
    assert_eq!(text(asker.look(&pending, b)).unwrap(), "b");
    // No answers at all.
    let (c, _) = take(&pending, "c");
    assert!(!pending.is_denied());
    assert!(pending.deny(&denied(&pending.filter(), DeniedAction::Subscribe)));
    assert!(pending.is_denied());
    assert!(matches!(asker.look(&pending, c), Poll::Ready(Err(Fault::Denied(_)))));
}

#[test]
fn whoever_waits_is_told_that_it_is_closed() {
    let (pending, asker) = (pending(), Asker::default());
    let (one, to_one) = take(&pending, "a");
    let (two, _) = take(&pending, "a");
    let (gone, _) = take(&pending, "a");
    pending.forget(gone);
    assert_eq!(text(asker.look(&pending, two)), None);
    answer(&pending, &[(&to_one, "1")]);
    pending.close();
    assert_eq!(asker.woken(), 1);
    assert_eq!(text(asker.look(&pending, one)).unwrap(), "1");
    assert!(matches!(asker.look(&pending, two), Poll::Ready(Err(Fault::Closed))));
}

#[test]
fn whose_time_is_up_is_told() {
    let (pending, asker, now) = (pending(), Asker::default(), Instant::now());
    let ask = |seconds: Option<u64>| {
        let by = seconds.map(|seconds| now + Duration::from_secs(seconds));
        pending.take(Subject::from_static("a"), by).unwrap()
    };
    let all = [Some(1), Some(2), Some(3), None].map(ask);
    let [(late, to_late), (answered, to_answered), (patient, _), (endless, _)] = &all;
    for (token, _) in &all {
        assert_eq!(text(asker.look(&pending, *token)), None);
    }
    answer(&pending, &[(to_answered, "2")]);
    assert_eq!(asker.woken(), 1);
    let after = |seconds| pending.expire(now + Duration::from_secs(seconds));
    assert_eq!(after(0), Some(now + Duration::from_secs(1)));
    assert_eq!(asker.woken(), 0);
    assert_eq!(after(2), Some(now + Duration::from_secs(3)));
    assert_eq!(asker.woken(), 1);
    answer(&pending, &[(to_late, "late")]);
    assert!(matches!(asker.look(&pending, *late), Poll::Ready(Err(Fault::Timeout))));
    assert_eq!(text(asker.look(&pending, *answered)).unwrap(), "2");
    assert_eq!(after(60), None);
    assert!(matches!(asker.look(&pending, *patient), Poll::Ready(Err(Fault::Timeout))));
    assert_eq!(text(asker.look(&pending, *endless)), None);
}

#[tokio::test(start_paused = true)]
async fn the_time_is_kept_of_whoever_is_first() {
    let pending = Arc::new(pending());
    let kept = Arc::clone(&pending);
    let keeper = tokio::spawn(async move { kept.keep_time().await });
    let begun = Instant::now();
    let told = |seconds| {
        let by = begun + Duration::from_secs(seconds);
        let (token, _) = pending.take(Subject::from_static("a"), Some(by)).unwrap();
        let pending = Arc::clone(&pending);
        async move {
            let answer = std::future::poll_fn(|cx| pending.poll(token, cx)).await;
            assert!(matches!(answer, Err(Fault::Timeout)), "{answer:?}");
            begun.elapsed().as_secs()
        }
    };
    // The one that is asked later has less time, and another is asked when nobody waits.
    let (long, short) = tokio::join!(told(5), async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        told(3).await
    });
    assert_eq!((long, short), (5, 3));
    assert_eq!(told(9).await, 9);
    keeper.abort();
}

#[test]
fn subjects_are_cut_from_a_piece_while_there_is_room() {
    let pending = pending();
    let subjects: Vec<_> = (0..1000).map(|_| take(&pending, "a")).collect();
    for (token, subject) in subjects {
        let last = subject.strip_prefix(&pending.prefix).unwrap();
        assert_eq!(ReplyToken::read(last), Some(token));
    }
}
