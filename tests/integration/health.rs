//! Answers to a probe while a server goes, comes, stands still or is about to stop; and what it costs.

use std::time::Duration;

use futures_util::{FutureExt, StreamExt};
use tidings::prelude::*;
use tidings::{HealthReason, HealthThresholds, Running};
use tidings_tests::{Proxy, Server, eventually};
use tokio::time::Instant;

use crate::SOON;

/// Longest time that a server that has gone may be taken for ready.
const NOTICED: Duration = Duration::from_secs(2);

#[derive(EventStream)]
#[stream(name = "PUMPS", subjects("pumps.>"))]
struct Pumps;

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "pumps.started", stream = Pumps)]
struct Started {
    number: u32,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "valves.stopped")]
struct Stopped {
    number: u32,
}

async fn started(_: Started, _: Context) -> Result<(), Failure> {
    Ok(())
}

async fn serve(server: &Server) -> (Bus, Running) {
    let bus = Bus::connect(server.url()).await.unwrap();
    let running = Registry::new("pumps").handle::<Started>(started).start(&bus).await.unwrap();
    is_ready(&running, SOON).await;
    (bus, running)
}

async fn is_ready(running: &Running, within: Duration) {
    eventually(within, "it is ready", || async {
        let health = running.health().await;
        if health.ready { Ok(()) } else { Err(health) }
    })
    .await;
}

async fn is_not_ready(running: &Running, because: impl Fn(&HealthReason) -> bool) {
    eventually(NOTICED, "it is not ready", || async {
        let health = running.health().await;
        if !health.ready && health.reasons.iter().any(&because) { Ok(()) } else { Err(health) }
    })
    .await;
}

#[tokio::test]
async fn a_server_that_is_killed_is_not_ready_and_ready_when_it_is_back() {
    let mut server = Server::start().await;
    let (_bus, running) = serve(&server).await;
    server.kill();
    is_not_ready(&running, |reason| matches!(reason, HealthReason::Disconnected { .. })).await;
    assert!(running.health().await.live, "it comes back by itself");
    server.restart().await;
    is_ready(&running, SOON * 2).await;
    server.kill();
    let begun = Instant::now();
    running.shutdown_within(Duration::from_secs(1)).await;
    assert!(begun.elapsed() < Duration::from_secs(4), "it ends while the server is away");
}

#[tokio::test]
async fn a_server_that_is_about_to_stop_is_not_ready() {
    let server = Server::with_config("lame_duck_duration: 30s").await;
    let (_bus, running) = serve(&server).await;
    server.lame_duck();
    is_not_ready(&running, |reason| *reason == HealthReason::LameDuck).await;
    running.shutdown_within(Duration::from_secs(1)).await;
}

#[tokio::test]
async fn a_server_that_stands_still_is_waited_for_as_long_as_is_said() {
    let server = Server::start().await;
    let (bus, running) = serve(&server).await;
    server.suspend();
    let thresholds = HealthThresholds::new().within(Duration::from_millis(200));
    // What it said last is half a second old at most.
    eventually(NOTICED, "it is silent", || async {
        let health = bus.health_by(&thresholds).await;
        let is_silent = matches!(&*health.reasons, [HealthReason::Silent { .. }]);
        if is_silent { Ok(()) } else { Err(health) }
    })
    .await;
    let begun = Instant::now();
    let health = running.health_by(&thresholds).await;
    assert!(!health.ready && health.live, "{health:?}");
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    server.resume();
    is_ready(&running, SOON).await;
    running.shutdown().await;
}

/// A slow answer is one, as long as it comes in time; the time that it has is never exceeded, and a slow server is
/// asked no more than a quick one.
#[tokio::test]
async fn a_server_that_is_slow_is_ready_as_long_as_it_answers_in_time() {
    let server = Server::start().await;
    let wire = Proxy::start(&server).await;
    let bus = Bus::connect(wire.url()).await.unwrap();
    let running = Registry::new("pumps").handle::<Started>(started).start(&bus).await.unwrap();
    is_ready(&running, SOON).await;
    wire.delay_answers(Duration::from_millis(150));
    let patient = HealthThresholds::new().within(SOON);
    for _ in 0..3 {
        let health = running.health_by(&patient).await;
        assert!(health.ready, "{health:?}");
    }
    wire.delay_answers(Duration::from_secs(3));
    let within = Duration::from_millis(200);
    let hasty = HealthThresholds::new().within(within);
    eventually(NOTICED, "it is silent", || async {
        let health = running.health_by(&hasty).await;
        let is_silent = |reason: &HealthReason| matches!(reason, HealthReason::Silent { .. });
        if health.live && health.reasons.iter().any(is_silent) { Ok(()) } else { Err(health) }
    })
    .await;
    let heard = async || server.monitor("/varz").await["in_msgs"].as_u64().unwrap();
    let (before, begun, mut longest) = (heard().await, Instant::now(), Duration::ZERO);
    while begun.elapsed() < Duration::from_secs(2) {
        let asked = Instant::now();
        let beside = tokio::join!(running.health_by(&hasty), bus.health_by(&hasty));
        assert!(!beside.0.ready && !beside.1.ready, "{beside:?}");
        longest = longest.max(asked.elapsed());
    }
    assert!(longest < Duration::from_secs(2), "{longest:?} where it has twice {within:?}");
    let (asked, most) = (heard().await - before, 20 * (begun.elapsed().as_secs() + 1));
    assert!(asked <= most, "{asked} messages, not {most}");
    wire.delay_answers(Duration::ZERO);
    is_ready(&running, SOON * 2).await;
    running.shutdown().await;
}

/// However often it is asked: the server's own count of all that it hears.
#[tokio::test]
async fn a_probe_asks_whether_the_server_answers_twice_a_second() {
    let server = Server::start().await;
    let bus = Bus::connect(server.url()).await.unwrap();
    let handle = |_: Stopped, _: Context| async { Ok(()) };
    // A second connection, which is asked too.
    let running = Registry::new("pumps").handle::<Stopped>(handle).start(&bus).await.unwrap();
    let heard = async || server.monitor("/varz").await["in_msgs"].as_u64().unwrap();
    let (before, begun, mut probes) = (heard().await, Instant::now(), 0_u64);
    while begun.elapsed() < Duration::from_secs(2) || probes < 100 {
        let beside = (running.health(), bus.health(), running.health());
        let (first, second, third) = tokio::join!(beside.0, beside.1, beside.2);
        assert!(first.ready && second.ready && third.ready, "{first:?}");
        probes += 3;
    }
    let asked = heard().await - before;
    let most = 2 * (2 * begun.elapsed().as_secs() + 3);
    assert!(asked <= most, "{asked} messages for {probes} probes, not {most}");
    running.shutdown().await;
}

/// However often it is asked, and whatever routes look at by themselves.
#[tokio::test]
async fn a_probe_of_a_thousand_routes_looks_at_fourteen_consumers_a_second_at_most() {
    const ROUTES: u64 = 1000;
    let server = Server::start().await;
    let bus = Bus::connect(server.url()).await.unwrap();
    let mut registry = Registry::new("pumps").dead_letters(tidings::DeadLetterPolicy::off());
    for number in 0..ROUTES {
        let route = Route::of::<Started>(started).durable(format!("pumps-{number}"));
        registry = registry.route(route);
    }
    let running = registry.start(&bus).await.unwrap();
    // Each reads its consumer once it has looked at it.
    bus.publish(&Started { number: 0 }).await.unwrap();
    eventually(SOON * 3, "all routes have begun", async || {
        let begun = running.report().iter().filter(|report| report.handled > 0).count();
        if begun as u64 == ROUTES { Ok(()) } else { Err(begun) }
    })
    .await;
    let client = server.client().await;
    let mut asked = tidings_tests::listen(&client, "$JS.API.CONSUMER.INFO.>").await;
    let (begun, mut probes) = (Instant::now(), 0_u32);
    while begun.elapsed() < Duration::from_secs(3) {
        running.health().await;
        probes += 1;
    }
    tidings_tests::round_trip(&client).await;
    let took = begun.elapsed().as_secs() + 1;
    let mut looks = 0_u64;
    while let Some(Some(_)) = asked.next().now_or_never() {
        looks += 1;
    }
    assert!(probes > 6, "{probes} probes in {took} s: each of them could look at all");
    // Routes look at their own consumers: 20 a second, a quarter more of jitter.
    let most = (14 + 25) * took;
    assert!(
        looks > 0 && looks <= most,
        "{looks} looks, not {most}, by {probes} probes in {took} s"
    );
    running.shutdown().await;
}
