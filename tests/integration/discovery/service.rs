//! The service that is discovered: two requests and an event.

use std::time::Duration;

use tidings::Running;
use tidings::prelude::*;
use tidings_tests::Server;

/// An id that no instance has.
pub(super) const ID: &str = "0123456789abcdef";

/// Time that weighing takes.
pub(super) const WEIGHING: Duration = Duration::from_millis(2);

/// A question for the weight of something.
#[derive(Debug, Serialize, Deserialize, JsonSchema, Request)]
#[request(subject = "scales.weigh", reply = Weight, error = TooHeavy)]
pub(super) struct Weigh {
    pub(super) grams: u32,
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(super) struct Weight {
    pub(super) kilograms: f64,
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema, thiserror::Error)]
#[error("at most {most} grams")]
pub(super) struct TooHeavy {
    pub(super) most: u32,
}

/// A label for a parcel; what it declares is no error, so it fails as a service does.
#[derive(Debug, Serialize, Deserialize, JsonSchema, Request)]
#[request(subject = "labels.{country}.print", version = 3, reply = String)]
pub(super) struct PrintLabel {
    pub(super) country: String,
    pub(super) text: String,
}

/// No endpoint: events are not asked for.
#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "parcels.dropped")]
pub(super) struct Dropped {
    pub(super) number: u32,
}

async fn weigh(ask: Weigh, _: Context) -> Result<Weight, TooHeavy> {
    tokio::time::sleep(WEIGHING).await;
    assert_ne!(ask.grams, 666, "the scales broke");
    if ask.grams > 1000 {
        return Err(TooHeavy { most: 1000 });
    }
    Ok(Weight { kilograms: f64::from(ask.grams) / 1000.0 })
}

async fn print(ask: PrintLabel, _: Context) -> Result<String, Failure> {
    if ask.text.is_empty() {
        return Err(Failure::retry("no\r\ntext"));
    }
    Ok(format!("{} to {}", ask.text, ask.country))
}

async fn pick_up(_: Dropped, _: Context) -> Result<(), Failure> {
    Ok(())
}

/// A bus of its own, as another process would have it.
pub(super) async fn bus(server: &Server) -> Bus {
    Bus::connect(server.url()).await.expect("a bus on the server")
}

/// Starts an instance on a connection of its own; its requests in this queue group, or the default.
pub(super) async fn post(server: &Server, group: Option<&str>) -> Running {
    fn grouped<M>(route: Route<M>, group: Option<&str>) -> Route<M> {
        match group {
            Some(group) => route.queue_group(group),
            None => route,
        }
    }
    let registry = Registry::new("post")
        .version("1.4.0-rc.1+7")
        .description("Takes what people send.")
        .metadata("team", "parcels")
        .metadata("zone", "eu")
        .route(grouped(Route::of::<Weigh>(weigh), group).tell_errors())
        .handle::<Dropped>(pick_up)
        .route(grouped(Route::of::<PrintLabel>(print), group).tell_errors());
    registry.start(&bus(server).await).await.expect("the service starts")
}
