//! Queue groups: each message to one member.

use std::collections::HashSet;

use tidings::prelude::*;
use tidings::{Bus, Running, SubscribeError};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::support::env::{BY_AND_BY, Env, SHORT, never, soon, within};
use crate::support::message::{Echo, Switched, switched};

scenarios! {
    also_on_threads:
        a_queue_group_shares_and_never_doubles,
        a_new_member_joins_under_load,
        a_dropped_subscription_hears_no_more,
        members_leave_in_good_order_and_nothing_is_lost,
        services_leave_in_good_order_and_every_request_is_answered,
        invalid_group_names_are_refused;
}

async fn a_queue_group_shares_and_never_doubles(env: Env) {
    let bus = env.bus();
    let mut members = Vec::new();
    for _ in 0..3 {
        let bus = env.another_bus().await;
        members.push(bus.subscribe::<Switched>().queue_group("workers").await.unwrap());
    }
    let mut outside = bus.subscribe::<Switched>().await.unwrap();
    for number in 0..300 {
        bus.publish(&switched(number)).await.unwrap();
    }
    let mut seen = vec![0; 300];
    let mut shares = Vec::new();
    let (sender, mut receiver) = mpsc::unbounded_channel();
    for (place, mut member) in members.into_iter().enumerate() {
        let sender = sender.clone();
        tokio::spawn(async move {
            while let Some(delivery) = member.next().await {
                let _ = sender.send((place, delivery.unwrap().number));
            }
        });
    }
    shares.resize(3, 0);
    for _ in 0..300 {
        let (place, number) = soon(receiver.recv()).await.unwrap();
        seen[usize::try_from(number).unwrap()] += 1;
        shares[place] += 1;
    }
    assert!(seen.iter().all(|times| *times == 1), "each once");
    assert!(shares.iter().all(|share| *share > 50), "all work: {shares:?}");
    for number in 0..300 {
        assert_eq!(soon(outside.next()).await.unwrap().unwrap().number, number);
    }
    never(SHORT / 4, receiver.recv()).await;
}

async fn a_dropped_subscription_hears_no_more(env: Env) {
    let bus = env.bus();
    let mut group = bus.subscribe::<Switched>().queue_group("g").await.unwrap();
    let gone = bus.subscribe::<Switched>().queue_group("g").await.unwrap();
    drop(gone);
    bus.flush().await.unwrap();
    // All of the group's messages go to the member that is left.
    for number in 0..50 {
        bus.publish(&switched(number)).await.unwrap();
    }
    for number in 0..50 {
        assert_eq!(soon(group.next()).await.unwrap().unwrap().number, number);
    }
}

async fn invalid_group_names_are_refused(env: Env) {
    for name in ["", "a b", "a\r\n", "a.*"] {
        let error = env.bus().subscribe::<Switched>().queue_group(name).await.unwrap_err();
        assert!(matches!(&error, SubscribeError::Name { name: said, .. } if said == name));
    }
}

async fn a_new_member_joins_under_load(env: Env) {
    /// Number of events that are published once the newcomer is there.
    const REST: u64 = 1000;
    let bus = env.bus();
    let (heard, mut hearing) = mpsc::unbounded_channel();
    let listen = |bus: Bus, place: usize| {
        let heard = heard.clone();
        async move {
            let mut member = bus.subscribe::<Switched>().queue_group("workers").await.unwrap();
            tokio::spawn(async move {
                while let Some(delivery) = member.next().await {
                    heard.send((place, delivery.unwrap().number)).unwrap_or_default();
                }
            });
        }
    };
    listen(env.another_bus().await, 0).await;
    let joined = CancellationToken::new();
    let publishing = tokio::spawn({
        let joined = joined.clone();
        async move {
            let (mut number, mut rest) = (0, REST);
            while rest > 0 {
                bus.publish(&switched(number)).await.unwrap();
                number += 1;
                rest -= u64::from(joined.is_cancelled());
                if number % 64 == 0 {
                    bus.flush().await.unwrap();
                }
            }
            number
        }
    });
    // Everything that the first has heard so far is its own.
    for expected in 0..100 {
        assert_eq!(soon(hearing.recv()).await, Some((0, expected)));
    }
    listen(env.another_bus().await, 1).await;
    joined.cancel();
    let published = soon(publishing).await.unwrap();
    let mut shares = [100, 0];
    let mut seen = HashSet::new();
    for _ in 100..published {
        let (place, number) = soon(hearing.recv()).await.unwrap();
        assert!(number >= 100 && seen.insert(number), "{number} twice");
        shares[place] += 1;
    }
    assert!(shares[1] > REST / 5, "the newcomer works: {shares:?}");
    never(SHORT / 4, hearing.recv()).await;
}

/// Replaces the members of a group of three one by one until the work is done.
async fn take_turns<F: Future<Output = Running>>(
    env: &Env,
    join: impl Fn(Bus) -> F,
    work: tokio::task::JoinHandle<()>,
) -> u64 {
    let mut members = std::collections::VecDeque::new();
    for _ in 0..3 {
        members.push_back(join(env.another_bus().await).await);
    }
    let mut handled = 0;
    while !work.is_finished() {
        members.push_back(join(env.another_bus().await).await);
        let leaving = members.pop_front().unwrap();
        handled += soon(leaving.shutdown()).await[0].handled;
        tokio::task::yield_now().await;
    }
    work.await.unwrap();
    for leaving in members {
        handled += soon(leaving.shutdown()).await[0].handled;
    }
    handled
}

async fn members_leave_in_good_order_and_nothing_is_lost(env: Env) {
    const COUNT: u64 = 5000;
    let (heard, mut hearing) = mpsc::unbounded_channel();
    let join = |bus: Bus| {
        let heard = heard.clone();
        let handler = move |event: Switched, _: Context| {
            let sent = heard.send(event.number);
            async move { Ok(sent?) }
        };
        let registry = Registry::new("lamps").handle::<Switched>(handler);
        async move { registry.start(&bus).await.unwrap() }
    };
    let bus = env.bus();
    // Somebody listens before the first is sent, and until after the last.
    let first = join(env.another_bus().await).await;
    let publishing = tokio::spawn(async move {
        for number in 0..COUNT {
            bus.publish(&switched(number)).await.unwrap();
            if number % 64 == 0 {
                bus.flush().await.unwrap();
                tokio::task::yield_now().await;
            }
        }
        bus.flush().await.unwrap();
    });
    let mut handled = within(BY_AND_BY, Box::pin(take_turns(&env, &join, publishing))).await;
    handled += soon(first.shutdown()).await[0].handled;
    assert_eq!(handled, COUNT);
    let mut seen = HashSet::new();
    while let Ok(number) = hearing.try_recv() {
        assert!(seen.insert(number), "{number} twice");
    }
    assert_eq!(seen.len() as u64, COUNT);
}

async fn services_leave_in_good_order_and_every_request_is_answered(env: Env) {
    const COUNT: u64 = 1000;
    let join = |bus: Bus| {
        let echo = |ask: Echo, _: Context| async move { Ok(ask.text) };
        let registry = Registry::new("echo").handle::<Echo>(echo);
        async move { registry.start(&bus).await.unwrap() }
    };
    let bus = env.bus();
    let first = join(env.another_bus().await).await;
    let asking = tokio::spawn(async move {
        for number in 0..COUNT {
            let ask = Echo { room: "hall".into(), text: number.to_string() };
            assert_eq!(soon(bus.request(&ask)).await.unwrap(), number.to_string());
            tokio::task::yield_now().await;
        }
    });
    let mut handled = within(BY_AND_BY, Box::pin(take_turns(&env, &join, asking))).await;
    handled += soon(first.shutdown()).await[0].handled;
    assert_eq!(handled, COUNT);
}
