//! Races of schedules: many at one time, and changes of what is due just then.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use tidings::prelude::*;
use tidings::{Recurrence, ScheduleError, ScheduleHandle};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::schedule::{Timer, Timers};
use crate::support::env::{BY_AND_BY, Env, within};

scenarios! {
    every_bus:
        a_thousand_that_are_due_in_one_second_come,
        what_is_cancelled_as_it_is_due_comes_or_is_cancelled,
        what_is_moved_as_it_is_due_comes_once,
        what_recurs_and_is_moved_as_it_is_due_comes_by_the_new_time_alone;
}

const MANY: u64 = 1000;
/// Time from scheduling them until they are due; twice as long where that was too short on a busy machine.
const LEAD: Duration = Duration::from_secs(6);
/// Time before that at which they begin to be changed.
const EARLY: Duration = Duration::from_millis(300);
/// Number of calls under way at a time.
const AT_ONCE: usize = 200;

fn timer(number: u64) -> Timer {
    Timer { number, who: format!("n{}", number % 7) }
}

/// Messages that are scheduled around one time.
struct Scheduled {
    due: Instant,
    /// Number of the first.
    from: u64,
    handles: Vec<ScheduleHandle>,
}

/// Schedules all of them within `spread` around one time.
async fn schedule(bus: &Bus, spread: Duration) -> Scheduled {
    let (mut from, mut lead) = (0, LEAD);
    loop {
        let due = Instant::now() + lead;
        let handles = stream::iter(0..MANY).map(|number| async move {
            let share = u32::try_from(number).unwrap() * 7919 % 1000;
            let delay = (due + spread * share / 1000).saturating_duration_since(Instant::now());
            bus.message(&timer(from + number)).delay(delay).schedule().await.unwrap()
        });
        let handles = within(BY_AND_BY, handles.buffered(AT_ONCE).collect()).await;
        if Instant::now() + 2 * EARLY < due || lead > BY_AND_BY / 2 {
            return Scheduled { due, from, handles };
        }
        // They have come by now, or do so before anybody changes them.
        (from, lead) = (from + MANY, lead * 2);
    }
}

/// Counts how often each comes, until all is `done` and nothing has come for a while after that.
async fn count(bus: Bus, quiet: Duration, mut done: oneshot::Receiver<()>) -> HashMap<u64, u32> {
    let mut work = bus.consume::<Timer>("count").await.unwrap();
    let mut came = HashMap::new();
    let mut is_done = false;
    loop {
        let next = tokio::select! {
            biased;
            next = work.next() => next,
            _ = &mut done, if !is_done => {
                is_done = true;
                continue;
            }
            () = sleep(quiet), if is_done => return came,
        };
        let delivery = next.unwrap().unwrap();
        *came.entry(delivery.number).or_default() += 1;
        delivery.ack().await.unwrap();
    }
}

/// Begins to count; says that all is done with what it gives.
fn counting(bus: &Bus, quiet: Duration) -> (JoinHandle<HashMap<u64, u32>>, oneshot::Sender<()>) {
    let (done, is_done) = oneshot::channel();
    (tokio::spawn(count(bus.clone(), quiet, is_done)), done)
}

async fn a_thousand_that_are_due_in_one_second_come(env: Env) {
    let bus = env.bus_with::<Timers>().await;
    let (came, done) = counting(&bus, Duration::from_secs(4));
    let Scheduled { due, from, .. } = schedule(&bus, Duration::from_secs(1)).await;
    sleep_until(due + Duration::from_secs(1)).await;
    done.send(()).unwrap();
    let came = within(BY_AND_BY, came).await.unwrap();
    assert_eq!(came.len() as u64, from + MANY);
    assert!(came.values().all(|times| *times == 1), "some came twice");
}

/// Changes each at a time around the one at which it is due.
async fn change<T, F: Future<Output = T>>(
    due: Instant,
    handles: &[ScheduleHandle],
    change: impl Fn(ScheduleHandle) -> F,
) -> Vec<T> {
    let change = &change;
    let changes = handles.iter().enumerate().map(|(place, handle)| async move {
        let share = u32::try_from(place).unwrap() * 7907 % 1000;
        sleep_until(due + Duration::from_millis(900) * share / 1000 - EARLY).await;
        change(handle.clone()).await
    });
    within(BY_AND_BY, futures_util::future::join_all(changes)).await
}

async fn what_is_cancelled_as_it_is_due_comes_or_is_cancelled(env: Env) {
    let bus = env.bus_with::<Timers>().await;
    let (came, done) = counting(&bus, Duration::from_secs(8));
    let Scheduled { due, from, handles } = schedule(&bus, Duration::from_millis(300)).await;
    let cancelled = change(due, &handles, |handle| async move { handle.cancel().await }).await;
    done.send(()).unwrap();
    let came = within(BY_AND_BY, came).await.unwrap();
    let (mut never, mut late) = (0, 0);
    for (number, cancelled) in (from..).zip(cancelled) {
        let times = came.get(&number).copied().unwrap_or(0);
        match cancelled {
            Ok(()) => {
                assert_eq!(times, 0, "{number} came, and was told to be cancelled");
                never += 1;
            }
            Err(ScheduleError::NotWaiting { .. } | ScheduleError::Came { .. }) => {
                assert_eq!(times, 1, "{number} was too late to be cancelled, and did not come");
                late += 1;
            }
            Err(error) => panic!("{number}: {error:?}"),
        }
    }
    assert!(never > 0 && late > 0, "{never} were cancelled, {late} came");
}

async fn what_is_moved_as_it_is_due_comes_once(env: Env) {
    let bus = env.bus_with::<Timers>().await;
    let (came, done) = counting(&bus, Duration::from_secs(8));
    let Scheduled { due, from, handles } = schedule(&bus, Duration::from_millis(300)).await;
    let to = Duration::from_secs(4);
    let moved = change(due, &handles, |handle| async move { handle.reschedule(to).await }).await;
    done.send(()).unwrap();
    let came = within(BY_AND_BY, came).await.unwrap();
    let mut late = 0;
    for (number, moved) in (from..).zip(moved) {
        assert_eq!(came.get(&number), Some(&1), "{number}: {moved:?}");
        match moved {
            Ok(ack) => assert!(!ack.duplicate),
            Err(ScheduleError::NotWaiting { .. } | ScheduleError::Came { .. }) => late += 1,
            Err(error) => panic!("{number}: {error:?}"),
        }
    }
    assert!(late > 0 && late < MANY, "{late} were too late");
}

/// Number of events that recur in the race, each second.
const RECURRING: u64 = 100;

/// An event in a server's hand came before the move was told; from then on it comes at its new time.
async fn what_recurs_and_is_moved_as_it_is_due_comes_by_the_new_time_alone(env: Env) {
    let bus = env.bus_with::<Timers>().await;
    let handles = stream::iter(0..RECURRING).map(|number| {
        let bus = &bus;
        async move {
            let event = timer(number);
            bus.message(&event).every("@every 1s").schedule().await.unwrap()
        }
    });
    let handles: Vec<_> = within(BY_AND_BY, handles.buffered(AT_ONCE).collect()).await;
    let due = Instant::now() + Duration::from_millis(2600);
    let hourly: Recurrence = "@every 1h".parse().unwrap();
    let moved = change(due, &handles, |handle| {
        let (bus, hourly) = (bus.clone(), hourly.clone());
        async move {
            handle.reschedule(hourly).await.unwrap();
            bus.stream::<Timers>().state().await.unwrap().last_sequence
        }
    })
    .await;
    sleep_until(Instant::now() + Duration::from_millis(2500)).await;
    let last = bus.stream::<Timers>().state().await.unwrap().last_sequence;
    let mut came = bus.replay::<Timer>(DeliverFrom::Beginning).await.unwrap();
    let (mut before, mut after) = (0, Vec::new());
    while let Ok(next) = timeout(Duration::from_secs(1), came.next()).await {
        let delivery = next.unwrap().unwrap();
        let sequence = delivery.sequence();
        let told = moved[usize::try_from(delivery.number).unwrap()];
        if sequence <= told {
            before += 1;
        } else {
            after.push((delivery.number, sequence, told));
        }
        if sequence >= last {
            break;
        }
    }
    assert!(before >= RECURRING, "each came once at least before it was moved: {before}");
    assert!(after.is_empty(), "{} came after the move: {after:?}", after.len());
}
