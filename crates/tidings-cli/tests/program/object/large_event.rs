//! Objects of large events: swept by `tidings stream`, examined by `tidings doctor`.

use std::fs;

use tidings::prelude::*;
use tidings_tests::Server;

use super::super::{refused, said, tempfile, tidings, told};
use super::store;

/// Pictures, some of which are large.
#[derive(EventStream)]
#[stream(name = "SCANS", subjects("scans.>"), max_age = "1d", large_store(max_age = "7d"))]
struct Scans;

/// The store of what is large, as the stream that it is.
#[derive(EventStream)]
#[stream(name = "OBJ_SCANS-large", subjects("$O.SCANS-large.C.>", "$O.SCANS-large.M.>"))]
struct ScansLarge;

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "scans.taken", stream = Scans, large(over = "1KiB"))]
struct Taken {
    #[event(id)]
    number: u64,
    image: String,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn objects_of_large_events_are_swept() {
    let server = Server::start().await;
    let bus = Bus::connect(server.url()).await.unwrap();
    let (code, text) = refused(&server, &["stream", "sweep", "SCANS"]).await;
    assert!(code == Some(1) && text.contains("SCANS-large"), "{code:?}: {text}");
    bus.provision::<Scans>().await.unwrap();
    for number in 1..=3 {
        bus.publish(&Taken { number, image: "x".repeat(5000) }).await.unwrap();
    }
    bus.stream::<Scans>().delete_message(2).await.unwrap();
    let sweep = ["stream", "sweep", "SCANS", "--older-than", "0s"];
    let dry = [&sweep[..], &["--dry-run"]].concat();
    let text = said(&server, &dry).await;
    let expected = "SCANS-large: 1 objects to be removed, 2 kept, 0 too young, 0 of others";
    assert!(text.starts_with(expected), "{text}");
    let told = &told(&server, &sweep).await[0];
    assert_eq!((&told["removed"], &told["kept"]), (&1.into(), &2.into()), "{told}");
    let text = said(&server, &dry).await;
    assert!(text.starts_with("SCANS-large: 0 objects to be removed, 2 kept"), "{text}");
    let text = said(&server, &["stream", "sweep", "SCANS"]).await;
    assert!(text.contains("0 kept, 2 too young"), "{text}");
    // A store of another name has none of this stream's.
    let _ = store(&server, "others").await;
    let text = said(&server, &[&sweep[..], &["--store", "others"]].concat()).await;
    assert!(text.starts_with("others: 0 objects removed, 0 kept"), "{text}");
}

/// The store of large events is one of the contracts, and is examined with the others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_of_large_events_is_examined() {
    let server = Server::start().await;
    let bus = Bus::connect(server.url()).await.unwrap();
    let folder = tempfile(&server);
    let handler = |_: Taken, _: Context| async { Ok(()) };
    let shop = Registry::new("shop").handle::<Taken>(handler);
    shop.catalog().unwrap().write_to(&folder).unwrap();
    let schemas = ["--schemas", folder.to_str().unwrap()];
    let examined = async || {
        let output = tidings(&server, &[&["doctor"], &schemas[..]].concat()).await;
        let text = String::from_utf8(output.stdout).unwrap();
        let is_store = |line: &&str| line.contains("SCANS-large");
        text.lines().filter(is_store).collect::<Vec<_>>().join("\n")
    };
    let text = examined().await;
    assert!(
        text.starts_with("fail") && text.contains("SCANS-large is missing, and used by shop"),
        "{text}"
    );
    bus.provision::<Scans>().await.unwrap();
    let text = examined().await;
    assert!(text.starts_with("ok") && text.contains("SCANS-large is as declared"), "{text}");
    let mut other = bus.stream::<ScansLarge>().config().await.unwrap().unwrap();
    other.max_age = Some(Duration::from_secs(9 * 86_400));
    bus.apply(bus.plan_stream(&other).await.unwrap()).await.unwrap();
    let text = examined().await;
    assert!(text.starts_with("warn") && text.contains("max_age"), "{text}");
    fs::remove_dir_all(&folder).unwrap();
}
