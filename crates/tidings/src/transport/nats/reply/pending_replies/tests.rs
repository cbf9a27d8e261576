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
    fn look(&self, waiting: &PendingReplies, ticket: ReplyToken) -> Poll<Result<Message, Fault>> {
        waiting.poll(ticket, &mut Context::from_waker(&Waker::from(Arc::clone(&self.0))))
    }

    fn woken(&self) -> usize {
        self.0.0.swap(0, Ordering::Relaxed)
    }
}

fn waiting() -> PendingReplies {
    PendingReplies::new("_INBOX")
}

fn take(waiting: &PendingReplies, subject: &'static str) -> (ReplyToken, Subject) {
    waiting.take(Subject::from_static(subject), None).unwrap()
}

fn message(subject: &Subject, payload: &'static str) -> Message {
    let payload = Bytes::from_static(payload.as_bytes());
    let subject = subject.clone();
    let (headers, status, description) = (None, None, None);
    Message { subject, reply: None, length: 0, payload, headers, status, description }
}

/// Answers all at once, and wakes whoever is to be woken.
fn answer(waiting: &PendingReplies, answers: &[(&Subject, &'static str)]) {
    let mut messages: Vec<_> = answers.iter().map(|(to, text)| message(to, text)).collect();
    let mut wakers = Vec::new();
    waiting.answer(&mut messages, &mut wakers);
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
    let (waiting, first, second) = (waiting(), Asker::default(), Asker::default());
    let (one, to_one) = take(&waiting, "a");
    let (two, to_two) = take(&waiting, "a");
    assert_ne!(to_one, to_two);
    assert_eq!(text(first.look(&waiting, one)), None);
    assert_eq!(text(first.look(&waiting, one)), None);
    assert!(waiting.take_answer(two).is_none());
    // Also for who has not looked yet; of several answers the first counts.
    answer(&waiting, &[(&to_two, "2"), (&to_one, "1"), (&to_one, "again")]);
    assert_eq!((first.woken(), second.woken()), (1, 0));
    assert_eq!(text(first.look(&waiting, one)).unwrap(), "1");
    assert_eq!(waiting.take_answer(two).unwrap().unwrap().payload, "2");
    assert!(waiting.take_answer(two).is_none());
    assert!(matches!(first.look(&waiting, one), Poll::Ready(Err(Fault::Closed))));
}

#[test]
fn a_late_answer_is_nobodys() {
    let (waiting, asker) = (waiting(), Asker::default());
    let (forgotten, to_forgotten) = take(&waiting, "a");
    waiting.forget(forgotten);
    waiting.forget(forgotten);
    let (next, to_next) = take(&waiting, "a");
    assert_eq!(next.place, forgotten.place, "the place is used again");
    answer(&waiting, &[(&to_forgotten, "late")]);
    assert_eq!(text(asker.look(&waiting, next)), None);
    waiting.forget(forgotten);
    answer(&waiting, &[(&to_next, "in time"), (&to_forgotten, "late")]);
    assert_eq!(text(asker.look(&waiting, next)).unwrap(), "in time");
    // A second answer comes when the place is free, then when another has it.
    answer(&waiting, &[(&to_next, "twice")]);
    let (third, to_third) = take(&waiting, "a");
    assert_eq!(third.place, next.place);
    answer(&waiting, &[(&to_next, "thrice"), (&to_third, "3")]);
    assert_eq!(text(asker.look(&waiting, third)).unwrap(), "3");
    assert_eq!(waiting.room().places.len(), 1);
}

#[test]
fn what_is_no_answer_is_dropped() {
    let (waiting, asker) = (waiting(), Asker::default());
    let (one, _) = take(&waiting, "a");
    for token in ["", "*", "zzzz", "éé", "AAAAAAAAAAAAAAA"] {
        let to = Subject::from(format!("{}{token}", waiting.prefix));
        answer(&waiting, &[(&to, "stray"), (&Subject::from_static("x"), "stray")]);
    }
    assert_eq!(text(asker.look(&waiting, one)), None);
}

#[test]
fn who_asked_what_is_denied_is_told() {
    let (waiting, asker) = (waiting(), Asker::default());
    let (a, _) = take(&waiting, "a");
    let (b, to_b) = take(&waiting, "b");
    assert_eq!(text(asker.look(&waiting, a)), None);
    let denied = |subject: &str, action| Denial {
        action,
        subject: subject.to_owned(),
        queue_group: None,
        is_inbox: false,
    };
    assert!(!waiting.deny(&denied("c", DeniedAction::Publish)));
    assert!(!waiting.deny(&denied("a", DeniedAction::Subscribe)));
    assert!(waiting.deny(&denied("a", DeniedAction::Publish)));
    assert!(!waiting.deny(&denied("a", DeniedAction::Publish)), "it was told");
    assert_eq!(asker.woken(), 1);
    assert!(matches!(asker.look(&waiting, a), Poll::Ready(Err(Fault::Denied(_)))));
    answer(&waiting, &[(&to_b, "b")]);
    assert_eq!(text(asker.look(&waiting, b)).unwrap(), "b");
    // No answers at all.
    let (c, _) = take(&waiting, "c");
    assert!(!waiting.is_denied());
    assert!(waiting.deny(&denied(&waiting.filter(), DeniedAction::Subscribe)));
    assert!(waiting.is_denied());
    assert!(matches!(asker.look(&waiting, c), Poll::Ready(Err(Fault::Denied(_)))));
}

#[test]
fn whoever_waits_is_told_that_it_is_closed() {
    let (waiting, asker) = (waiting(), Asker::default());
    let (one, to_one) = take(&waiting, "a");
    let (two, _) = take(&waiting, "a");
    let (gone, _) = take(&waiting, "a");
    waiting.forget(gone);
    assert_eq!(text(asker.look(&waiting, two)), None);
    answer(&waiting, &[(&to_one, "1")]);
    waiting.close();
    assert_eq!(asker.woken(), 1);
    assert_eq!(text(asker.look(&waiting, one)).unwrap(), "1");
    assert!(matches!(asker.look(&waiting, two), Poll::Ready(Err(Fault::Closed))));
}

#[test]
fn whose_time_is_up_is_told() {
    let (waiting, asker, now) = (waiting(), Asker::default(), Instant::now());
    let ask = |seconds: Option<u64>| {
        let by = seconds.map(|seconds| now + Duration::from_secs(seconds));
        waiting.take(Subject::from_static("a"), by).unwrap()
    };
    let all = [Some(1), Some(2), Some(3), None].map(ask);
    let [(late, to_late), (answered, to_answered), (patient, _), (endless, _)] = &all;
    for (ticket, _) in &all {
        assert_eq!(text(asker.look(&waiting, *ticket)), None);
    }
    answer(&waiting, &[(to_answered, "2")]);
    assert_eq!(asker.woken(), 1);
    let after = |seconds| waiting.expire(now + Duration::from_secs(seconds));
    assert_eq!(after(0), Some(now + Duration::from_secs(1)));
    assert_eq!(asker.woken(), 0);
    assert_eq!(after(2), Some(now + Duration::from_secs(3)));
    assert_eq!(asker.woken(), 1);
    answer(&waiting, &[(to_late, "late")]);
    assert!(matches!(asker.look(&waiting, *late), Poll::Ready(Err(Fault::Timeout))));
    assert_eq!(text(asker.look(&waiting, *answered)).unwrap(), "2");
    assert_eq!(after(60), None);
    assert!(matches!(asker.look(&waiting, *patient), Poll::Ready(Err(Fault::Timeout))));
    assert_eq!(text(asker.look(&waiting, *endless)), None);
}

#[tokio::test(start_paused = true)]
async fn the_time_is_kept_of_whoever_is_first() {
    let waiting = Arc::new(waiting());
    let kept = Arc::clone(&waiting);
    let keeper = tokio::spawn(async move { kept.keep_time().await });
    let begun = Instant::now();
    let told = |seconds| {
        let by = begun + Duration::from_secs(seconds);
        let (ticket, _) = waiting.take(Subject::from_static("a"), Some(by)).unwrap();
        let waiting = Arc::clone(&waiting);
        async move {
            let answer = std::future::poll_fn(|cx| waiting.poll(ticket, cx)).await;
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
    let waiting = waiting();
    let subjects: Vec<_> = (0..1000).map(|_| take(&waiting, "a")).collect();
    for (ticket, subject) in subjects {
        let token = subject.strip_prefix(&waiting.prefix).unwrap();
        assert_eq!(ReplyToken::read(token), Some(ticket));
    }
}
