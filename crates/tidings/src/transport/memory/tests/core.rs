//! Core messaging: subscriptions, queue groups, requests.

use super::*;
use crate::transport::CAPACITY;

#[tokio::test(start_paused = true)]
async fn everybody_who_listens_gets_it() {
    let memory = Memory::new();
    let mut all = memory.subscribe("orders.>".to_owned().into(), None).unwrap();
    let mut one = memory.subscribe("orders.*.created".to_owned().into(), None).unwrap();
    let mut other = memory.subscribe("orders.us.created".to_owned().into(), None).unwrap();
    memory.tell("orders.eu.created", 1).await;
    memory.tell("orders.eu", 2).await;

    let first = next(&mut all).await;
    assert_eq!((first.subject.as_str(), text(&first)), ("orders.eu.created", "1"));
    assert!(first.receipt.is_none() && first.settle.is_none() && first.reply.is_none());
    assert_eq!(text(&next(&mut all).await), "2");
    assert_eq!(text(&next(&mut one).await), "1");
    silent(&mut one, SECOND).await;
    silent(&mut other, SECOND).await;
}

#[tokio::test(start_paused = true)]
async fn one_member_of_a_group_gets_it() {
    let memory = Memory::new();
    let join =
        |filter: &str, group| memory.subscribe(filter.to_owned().into(), Some(group)).unwrap();
    let mut members: Vec<_> = (0..4).map(|_| join("jobs.*", "workers")).collect();
    let mut other = join("jobs.a", "auditors");
    // A group is its name: this filter overlaps, and still each message goes to one of them all.
    members.push(join("jobs.>", "workers"));
    for i in 0..1_000 {
        memory.tell("jobs.a", i).await;
    }
    let mut counts = Vec::new();
    for member in &mut members {
        let mut count = 0;
        while let Ok(Some(_)) = timeout(Duration::ZERO, member.next()).await {
            count += 1;
        }
        counts.push(count);
    }
    assert_eq!(counts.iter().sum::<usize>(), 1_000);
    assert!(counts.iter().all(|count| (120..=280).contains(count)), "spread evenly: {counts:?}");
    for i in 0..1_000 {
        assert_eq!(text(&next(&mut other).await), i.to_string());
    }

    // A member that leaves gets nothing; the last one that leaves ends the group.
    members.truncate(1);
    memory.tell("jobs.a", "x").await;
    assert_eq!(text(&next(&mut members[0]).await), "x");
    drop((members, other));
    let asked = memory.request(message("jobs.a", ""), SECOND).await;
    assert!(matches!(asked, Err(Fault::NoResponders)), "{asked:?}");
}

#[tokio::test(start_paused = true)]
async fn a_request_is_answered() {
    let memory = Memory::new();
    let mut service = memory.subscribe("stock".to_owned().into(), Some("q")).unwrap();
    let answering = memory.clone();
    tokio::spawn(async move {
        while let Some(asked) = service.next().await {
            let reply = asked.reply.clone().unwrap();
            let answer = message(reply.as_str(), format!("{}!", text(&asked)));
            answering.publish(&answer, None).await.unwrap();
        }
    });
    let answer = memory.request(message("stock", "sku"), SECOND).await.unwrap();
    assert_eq!(text(&answer), "sku!");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_nobody_answers() {
    let memory = Memory::new();
    let start = Instant::now();
    let asked = memory.request(message("stock", ""), SECOND).await;
    assert!(matches!(asked, Err(Fault::NoResponders)));
    assert_eq!(start.elapsed(), Duration::ZERO, "at once");

    let _listener = memory.subscribe("stock".to_owned().into(), None).unwrap();
    let asked = memory.request(message("stock", ""), SECOND * 3).await;
    assert!(matches!(asked, Err(Fault::Timeout)));
    assert_eq!(start.elapsed(), SECOND * 3);
    // The reply subject is not listened on any more.
    let inboxes = memory.subscribe("_INBOX.>".to_owned().into(), None).unwrap();
    drop(inboxes);
}

#[tokio::test(start_paused = true)]
async fn inbox_subjects_differ() {
    let memory = Memory::new();
    let (a, b) = (memory.new_inbox(), memory.new_inbox());
    assert_ne!(a, b);
    let mut inbox = memory.subscribe(a.clone(), None).unwrap();
    memory.publish(&message("ask", ""), Some(a.clone())).await.unwrap();
    silent(&mut inbox, SECOND).await;
    memory.tell(a.as_str(), "answer").await;
    assert_eq!(text(&next(&mut inbox).await), "answer");
}

#[tokio::test(start_paused = true)]
async fn a_dropped_inbox_has_no_interest() {
    let memory = Memory::new();
    let inbox = memory.subscribe("a".to_owned().into(), None).unwrap();
    drop(inbox);
    let asked = memory.request(message("a", ""), SECOND).await;
    assert!(matches!(asked, Err(Fault::NoResponders)));
}

#[tokio::test(start_paused = true)]
async fn a_stopped_inbox_yields_what_it_has() {
    let memory = Memory::new();
    let mut inbox = memory.subscribe("a".to_owned().into(), None).unwrap();
    memory.tell("a", 1).await;
    memory.tell("a", 2).await;
    inbox.stop();
    memory.tell("a", 3).await;
    assert_eq!(text(&next(&mut inbox).await), "1");
    assert_eq!(text(&next(&mut inbox).await), "2");
    assert!(inbox.next().await.is_none());
    assert!(inbox.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_slow_consumer_loses_the_newest() {
    let memory = Memory::new();
    let mut slow = memory.subscribe("a".to_owned().into(), None).unwrap();
    for i in 0..CAPACITY + 3 {
        memory.tell("a", i).await;
    }
    assert_eq!(slow.dropped().count(), 3);
    for i in 0..CAPACITY {
        assert_eq!(text(&next(&mut slow).await), i.to_string());
    }
    memory.tell("a", "later").await;
    assert_eq!(text(&next(&mut slow).await), "later");
}

#[tokio::test(start_paused = true)]
async fn the_payload_limit_counts_the_headers() {
    let memory = Memory::new();
    let mut inbox = memory.subscribe("a".to_owned().into(), None).unwrap();
    let limit = memory.max_payload();
    memory.tell("a", "x".repeat(limit)).await;
    next(&mut inbox).await;

    // `NATS/1.0`, one line, an empty line.
    let overhead = 10 + "name: value\r\n".len() + 2;
    let fits = with(message("a", "x".repeat(limit - overhead)), &[("name", "value")]);
    memory.publish(&fits, None).await.unwrap();
    next(&mut inbox).await;
    let over = with(message("a", "x".repeat(limit - overhead + 1)), &[("name", "value")]);
    for sent in [
        memory.publish(&over, None).await,
        memory.store(&over).await.map(drop),
        memory.request(over.clone(), SECOND).await.map(drop),
    ] {
        let size_is_told = matches!(
            sent,
            Err(Fault::TooLarge { size, limit: l }) if size == limit + 1 && l == limit
        );
        assert!(size_is_told, "{sent:?}");
    }
    silent(&mut inbox, SECOND).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_no_subject_is_refused() {
    let memory = Memory::new();
    for wrong in ["", "a..b", "a b", ".a", "a.", "a.>.b", "a*"] {
        let subscribed = memory.subscribe(wrong.to_owned().into(), None);
        assert!(matches!(subscribed, Err(Fault::Client(_))), "{wrong:?}");
    }
    for wrong in ["", "a..b", "a.*", ">"] {
        let sent = memory.publish(&message(wrong, ""), None).await;
        assert!(matches!(sent, Err(Fault::Client(_))), "{wrong:?}");
    }
}
