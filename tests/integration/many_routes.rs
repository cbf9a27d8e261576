//! Processes with many routes: what a start of them asks the server, by the server's own count.

use tidings::prelude::*;
use tidings_tests::{Server, eventually};

use crate::SOON;

const ROUTES: u64 = 500;

#[derive(EventStream)]
#[stream(name = "GAUGES", subjects("gauges.>"))]
struct Gauges;

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "gauges.read", stream = Gauges)]
struct Read {
    value: u32,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "dials.turned")]
struct Turned {
    by: u32,
}

/// Half of them with a consumer of their own, half with a queue group.
fn registry() -> Registry {
    let mut registry = Registry::new("gauges");
    for number in 0..ROUTES / 2 {
        let read = |_: Read, _: Context| async { Ok(()) };
        let turned = |_: Turned, _: Context| async { Ok(()) };
        registry = registry
            .route(Route::of::<Read>(read).durable(format!("gauges-{number}")))
            .route(Route::of::<Turned>(turned).queue_group(format!("dials-{number}")));
    }
    registry
}

#[tokio::test]
async fn a_start_asks_the_server_a_few_times_for_each_consumer_and_not_at_all_for_a_queue_group() {
    let server = Server::start().await;
    let bus = Bus::connect(server.url()).await.unwrap();
    let heard = async || server.monitor("/varz").await["in_msgs"].as_u64().unwrap();
    // Two looks, one to make it, and as the routes begin two more and a pull.
    for at_most in [6, 5] {
        let before = heard().await;
        let running = registry().start(&bus).await.unwrap();
        let asked = heard().await - before;
        let most = at_most * ROUTES / 2 + 100;
        assert!(asked <= most, "{asked} messages for a start, not {most}");
        let handled = bus.publish(&Read { value: 1 }).await.unwrap().sequence;
        bus.publish(&Turned { by: 1 }).await.unwrap();
        eventually(SOON * 3, "all have handled an event", async || {
            let reports = running.report();
            let left = reports.iter().filter(|report| report.handled == 0).count();
            if left == 0 { Ok(()) } else { Err((handled, left)) }
        })
        .await;
        running.shutdown().await;
    }
}
