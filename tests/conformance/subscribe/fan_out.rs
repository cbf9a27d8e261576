//! Fan-out: many subscribers, and many subjects, at once.

use std::collections::HashMap;

use futures_util::future::join_all;
use tidings::{Message as _, Subscription};

use crate::support::env::{BY_AND_BY, Env, next, within};
use crate::support::message::Switched;

scenarios! {
    also_on_threads:
        fifty_subscribers_each_hear_five_thousand_messages,
        twenty_subjects_do_not_mix;
}

const LISTENERS: usize = 50;
const PUBLISHERS: usize = 5;
const OF_EACH: u64 = 1000;

fn room(number: usize) -> String {
    format!("room-{number}")
}

/// Hears this many, and gives the numbers of each room in the order they came.
async fn hear(mut flow: Subscription<Switched>, count: usize) -> HashMap<String, Vec<u64>> {
    let mut heard: HashMap<String, Vec<u64>> = HashMap::new();
    for _ in 0..count {
        let Switched { room, number } = next(&mut flow).await.into_event();
        heard.entry(room).or_default().push(number);
    }
    heard
}

/// Numbers of every room, each of which is one publisher's and so has its order.
fn all(rooms: usize, of_each: u64) -> HashMap<String, Vec<u64>> {
    (0..rooms).map(|place| (room(place), (0..of_each).collect())).collect()
}

async fn fifty_subscribers_each_hear_five_thousand_messages(env: Env) {
    let mut buses = Vec::new();
    for _ in 0..PUBLISHERS {
        buses.push(env.another_bus().await);
    }
    let subscribing = (0..LISTENERS).map(|place| {
        let bus = &buses[place % PUBLISHERS];
        async move { bus.subscribe::<Switched>().await.unwrap() }
    });
    let everything = PUBLISHERS * usize::try_from(OF_EACH).unwrap();
    let listening: Vec<_> = join_all(subscribing)
        .await
        .into_iter()
        .map(|flow| tokio::spawn(hear(flow, everything)))
        .collect();
    let publishing = buses.into_iter().enumerate().map(|(place, bus)| {
        tokio::spawn(async move {
            for number in 0..OF_EACH {
                bus.publish(&Switched { room: room(place), number }).await.unwrap();
            }
        })
    });
    for publisher in join_all(publishing).await {
        publisher.unwrap();
    }
    let expected = all(PUBLISHERS, OF_EACH);
    for heard in within(BY_AND_BY, join_all(listening)).await {
        assert!(heard.unwrap() == expected, "all, and each publisher's in order");
    }
}

async fn twenty_subjects_do_not_mix(env: Env) {
    let bus = env.bus();
    let mut listening = Vec::new();
    for place in 0..20 {
        let one = Switched::filter().room(room(place));
        listening.push((place, env.another_bus().await.subscribe_to(one).await.unwrap()));
    }
    let wide = bus.subscribe::<Switched>().await.unwrap();
    let publishing = (0..20).map(|place| {
        let bus = bus.clone();
        tokio::spawn(async move {
            for number in 0..100 {
                bus.publish(&Switched { room: room(place), number }).await.unwrap();
            }
        })
    });
    for publisher in join_all(publishing).await {
        publisher.unwrap();
    }
    for (place, flow) in listening {
        let heard = within(BY_AND_BY, hear(flow, 100)).await;
        assert_eq!(heard, HashMap::from([(room(place), (0..100).collect())]));
    }
    assert!(within(BY_AND_BY, hear(wide, 2000)).await == all(20, 100));
}
