//! The example `order_flow` as processes: two of each service on one server, and one of each
//! killed with -9 while orders are placed.

mod shop;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use async_nats::jetstream::consumer::PullConsumer;
use async_nats::jetstream::{self, stream};
use tidings_tests::{Server, eventually};
use tokio::time::{Instant, timeout_at};

use crate::SOON;
use shop::Shop;

const ORDERS: usize = 1000;
/// The example with all its processes ends in a tenth of this on two cores.
const WITHIN: Duration = Duration::from_secs(120);
const SERVICES: [&str; 6] =
    ["orders", "inventory", "payments", "notifications", "analytics", "audit"];
/// The groups that handle each order, and how many of them at a time in one process.
const GROUPS: [(&str, usize); 3] = [("notifications", 16), ("analytics", 16), ("audit", 1)];

/// Events that were read from the output of the processes.
#[derive(Default)]
struct Heard {
    listening: usize,
    confirmed: BTreeSet<String>,
    asked_again: usize,
    /// Processes that handled each order, one after the other, by group and order.
    handled: BTreeMap<String, BTreeMap<String, Vec<usize>>>,
    ended: BTreeSet<usize>,
}

impl Heard {
    /// `<who> <order> <what happened>`, or `<who> listens`.
    fn hear(&mut self, process: usize, line: Option<&str>) {
        let Some(line) = line else {
            self.ended.insert(process);
            return;
        };
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            [_, "listens"] => self.listening += 1,
            ["api", order, "confirmed,", ..] => {
                assert!(self.confirmed.insert(order.to_owned()), "{order} is confirmed once");
            }
            ["api", _, "asks", "again:", ..] => self.asked_again += 1,
            [_, "ends:", ..] => {}
            [group, order, ..] if GROUPS.iter().any(|(name, _)| *name == group) => {
                let orders = self.handled.entry(group.to_owned()).or_default();
                orders.entry(order.to_owned()).or_default().push(process);
            }
            _ => panic!("process {process} says {line:?}"),
        }
    }

    /// The orders that a group has handled.
    fn of(&self, group: &str) -> impl Iterator<Item = (&String, &Vec<usize>)> {
        self.handled.get(group).into_iter().flatten()
    }

    fn all_are_handled(&self) -> bool {
        GROUPS.iter().all(|(group, _)| {
            let known: BTreeSet<&String> = self.of(group).map(|(order, _)| order).collect();
            self.confirmed.iter().all(|order| known.contains(order))
        })
    }
}

/// Listens to the shop until `done`.
async fn until(shop: &mut Shop, heard: &mut Heard, what: &str, done: impl Fn(&Heard) -> bool) {
    let deadline = Instant::now() + WITHIN;
    while !done(heard) {
        let Ok((process, line)) = timeout_at(deadline, shop.said()).await else {
            let handled = GROUPS.map(|(group, _)| (group, heard.of(group).count()));
            panic!(
                "not within {WITHIN:?}: {what}; {} confirmed, {handled:?}, ended: {:?}",
                heard.confirmed.len(),
                heard.ended
            );
        };
        heard.hear(process, line.as_deref());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_processes_miss_no_order() {
    let server = Server::start().await;
    let (mut shop, mut heard) = (Shop::new(&server), Heard::default());
    let mut start = |role| shop.start(role, &["--ack-wait", "3"]);
    let doomed = SERVICES.map(&mut start);
    let others = SERVICES.map(&mut start);
    until(&mut shop, &mut heard, "all listen", |heard| heard.listening == 12).await;

    let begun = Instant::now();
    let api = shop.start("api", &["--orders", &ORDERS.to_string()]);
    until(&mut shop, &mut heard, "half are confirmed", |heard| heard.confirmed.len() >= ORDERS / 2)
        .await;
    for process in doomed {
        shop.kill(process);
    }
    until(&mut shop, &mut heard, "all are confirmed", |heard| heard.ended.contains(&api)).await;
    let confirmed_after = begun.elapsed();
    assert_eq!(heard.confirmed.len(), ORDERS, "the api asks until an order is confirmed");
    until(&mut shop, &mut heard, "all are handled", Heard::all_are_handled).await;
    let handled_after = begun.elapsed();

    // Each order is stored once, and no handler owes an answer: nothing more will come.
    let jetstream = jetstream::new(server.client().await);
    let mut orders = jetstream.get_stream("ORDERS").await.unwrap();
    assert_eq!(orders.info().await.unwrap().state.messages, ORDERS as u64);
    for (group, _) in GROUPS {
        settled(&orders, group).await;
    }
    for process in others {
        shop.interrupt(process).await;
    }
    // What they had said and was not read yet.
    let all = 2 * SERVICES.len() + 1;
    until(&mut shop, &mut heard, "all have ended", |heard| heard.ended.len() == all).await;

    for (place, (group, concurrency)) in GROUPS.into_iter().enumerate() {
        let (killed, other) = (doomed[3 + place], others[3 + place]);
        let orders: BTreeSet<&String> = heard.of(group).map(|(order, _)| order).collect();
        assert_eq!(orders, heard.confirmed.iter().collect(), "{group} handled each order");
        let by = |process| heard.of(group).filter(|(_, by)| by.contains(&process)).count();
        assert!(by(killed) > 0 && by(other) > 0, "{group}: both have worked");
        // Only what was in flight at the kill was handled again, by the one that was left.
        let again: Vec<_> = heard.of(group).filter(|(_, by)| by.len() > 1).collect();
        assert!(again.iter().all(|(_, by)| **by == [killed, other]), "{group}: {again:?}");
        assert!(again.len() <= concurrency, "{group}: {again:?}");
        eprintln!(
            "{group}: {} of {ORDERS} orders, {} by the killed process; {} handled twice",
            orders.len(),
            by(killed),
            again.len()
        );
    }
    eprintln!(
        "asked again: {}; all confirmed after {confirmed_after:?}, handled after {handled_after:?}",
        heard.asked_again
    );
}

/// Waits until a group's consumer has delivered all, and has an answer to each.
async fn settled(orders: &stream::Stream, group: &str) {
    let name = format!("{group}-orders_created");
    let consumer: PullConsumer = orders.get_consumer(&name).await.unwrap();
    eventually(SOON, format_args!("{name} is settled"), || async {
        let info = consumer.get_info().await.map_err(|error| error.to_string())?;
        if (info.num_pending, info.num_ack_pending) == (0, 0) {
            Ok(())
        } else {
            Err(format!("{} pending, {} unsettled", info.num_pending, info.num_ack_pending))
        }
    })
    .await;
}
