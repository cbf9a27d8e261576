//! An asker is told a reference and not the error, which stands in the service's log under that reference.

use tidings::RequestError;
use tidings::prelude::*;
use tidings_tests::{Log, Server, eventually};
use tracing_subscriber::filter::LevelFilter;

use crate::SOON;

#[derive(Debug, Serialize, Deserialize, JsonSchema, Request)]
#[request(subject = "tides.ask", reply = u32)]
struct Ask {
    panics: bool,
}

async fn the_log_has_the_error_under_the_reference(bus: Bus) {
    let (log, _told) = Log::keep(LevelFilter::INFO);
    let answer = async |ask: Ask, _: Context| -> Result<u32, Failure> {
        assert!(!ask.panics, "the gauge fell off");
        Err(Failure::retry("the sea is frozen"))
    };
    let running = Registry::new("tides").handle::<Ask>(answer).start(&bus).await.unwrap();
    for (panics, why) in [(false, "the sea is frozen"), (true, "the gauge fell off")] {
        let error = bus.request(&Ask { panics }).await.unwrap_err();
        let RequestError::Service { description, .. } = &error else { panic!("{error:?}") };
        assert!(!error.to_string().contains(why), "{error}");
        let reference = description.rsplit(' ').next().unwrap();
        assert_eq!(reference.len(), 12, "{description}");
        eventually(SOON, "the log has it", || async {
            let text = log.text();
            let is_it = |line: &str| line.contains(reference) && line.contains(why);
            if text.lines().any(is_it) { Ok(()) } else { Err(text) }
        })
        .await;
    }
    running.shutdown().await;
}

#[tokio::test]
async fn the_log_has_the_error_under_the_reference_in_memory() {
    the_log_has_the_error_under_the_reference(Bus::in_memory()).await;
}

#[tokio::test]
async fn the_log_has_the_error_under_the_reference_over_a_server() {
    let server = Server::start().await;
    let bus = Bus::connect(server.url()).await.unwrap();
    the_log_has_the_error_under_the_reference(bus).await;
}
