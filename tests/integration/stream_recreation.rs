//! A stream that can't be made at once, as the server is still removing another of its name.

use futures_util::StreamExt as _;
use tidings::EventStream as _;
use tidings::prelude::*;
use tidings_tests::{Server, listen};

use crate::soon;

#[derive(EventStream)]
#[stream(name = "TIDES", subjects("tides.>"))]
struct Tides;

#[tokio::test]
async fn a_stream_that_is_still_on_its_way_out_is_made_again() {
    let server = Server::start().await;
    let bus = Bus::connect(server.url()).await.unwrap();
    // The directory of all streams is there once one was.
    bus.provision::<Tides>().await.unwrap();
    bus.stream::<Tides>().delete().await.unwrap();
    // Something that is not the new stream's stands in its place. The server answers 10049, as it
    // does where it is removing the old stream, and takes it away.
    let place = server.directory().join("store/jetstream/$G/streams").join(Tides::NAME);
    std::fs::write(&place, "in the way").unwrap();
    let client = server.client().await;
    let mut asked = listen(&client, "$JS.API.STREAM.CREATE.TIDES").await;
    bus.provision::<Tides>().await.unwrap();
    for _ in 0..2 {
        soon(asked.next()).await.unwrap();
    }
    assert!(bus.stream::<Tides>().config().await.unwrap().is_some());
}
