//! Schedules: reminders that come later, moved and cancelled while they wait, and one that comes again and again.

use std::time::SystemTime;

use anyhow::Context as _;
use tidings::prelude::*;
use tidings::{Recurrence, ScheduleError};

#[derive(EventStream)]
#[stream(name = "REMINDERS", subjects("reminders.>"), allow_message_schedules)]
struct Reminders;

/// Somebody wants to be reminded of something.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "reminders.{run}.due", stream = Reminders)]
struct Reminder {
    /// Id of this run of the example: a server may still have those of the last one.
    #[event(id)]
    run: Uuid,
    #[event(id)]
    what: String,
}

/// Time has come to look who was reminded.
#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "reminders.{run}.review", stream = Reminders)]
struct Review {
    run: Uuid,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let bus = tidings_examples::bus().await?;
    bus.provision::<Reminders>().await?;
    let run = Uuid::now_v7();
    let reminder = |what: &str| Reminder { run, what: what.to_owned() };
    let name = format!("reminders-{}", run.simple());
    let mut due = bus.consume_of(Reminder::filter().run(run), &name).await?;
    let hour = Duration::from_secs(3600);

    // After a time, or at one.
    let tea = bus.message(&reminder("tea")).delay(Duration::from_secs(3)).schedule().await?;
    let (call, walk) = (reminder("call"), reminder("walk"));
    let tomorrow = SystemTime::now() + 24 * hour;
    let call = bus.message(&call).at(tomorrow).schedule().await?;
    let walk = bus.message(&walk).delay(hour).schedule().await?;

    // What waits is listed with its event, whoever scheduled it.
    let schedules = bus.schedules::<Reminder>();
    let (mut list, mut waiting) = (schedules.list(), Vec::new());
    while let Some(next) = list.next().await {
        let next = next?;
        if next.event.run == run {
            println!("{} waits under {}", next.event.what, next.key);
            waiting.push(next.event.what);
        }
    }
    assert_eq!(waiting, ["tea", "call", "walk"]);

    // The call is sooner than was thought, and the walk is cancelled.
    schedules.reschedule(call.key(), Duration::from_secs(4)).await?;
    walk.cancel().await?;
    assert!(matches!(walk.cancel().await, Err(ScheduleError::NotWaiting { .. })));
    for expected in ["tea", "call"] {
        let delivery = due.next().await.context("the bus is closed")??;
        println!("it is time: {}", delivery.what);
        assert_eq!(delivery.what, expected);
        delivery.ack().await?;
    }
    assert_eq!(tea.next().await?, None);

    // Again and again: each instance of a program may say so as it starts.
    let review = Review { run };
    let every = bus.message(&review).every("@every 1s").schedule().await?;
    assert!(bus.message(&review).every("@every 1s").publish().await?.duplicate);
    let name = format!("reviews-{}", run.simple());
    let mut reviews = bus.consume_of(Review::filter().run(run), name).await?;
    for _ in 0..2 {
        reviews.next().await.context("the bus is closed")??.ack().await?;
        println!("it is time to review");
    }
    let mornings = Recurrence::cron("0 30 8 * * mon-fri")?.in_time_zone("Europe/Berlin")?;
    every.reschedule(mornings).await?;
    println!("the next review is at {:?}", every.next().await?.context("it waits")?);
    every.cancel().await?;
    assert_eq!(every.next().await?, None);
    Ok(())
}
