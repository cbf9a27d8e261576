//! Objects to and from the client for JavaScript; `tests/interop/check` runs it, and names the folder with
//! what it needs.

use std::fmt::Write as _;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tidings::{Bus, ObjectMeta, ObjectStoreConfig};
use tidings_tests::Server;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(30);

/// The program, which does what it is asked to.
struct Javascript {
    asked: ChildStdin,
    told: Lines<BufReader<ChildStdout>>,
}

impl Javascript {
    async fn ask(&mut self, what: Value) -> Value {
        self.asked.write_all(format!("{what}\n").as_bytes()).await.unwrap();
        self.told().await
    }

    async fn told(&mut self) -> Value {
        let line = timeout(SOON, self.told.next_line()).await.unwrap().unwrap();
        serde_json::from_str(&line.expect("the program goes on")).unwrap()
    }
}

fn sha(data: &[u8]) -> String {
    let digest = Sha256::digest(data);
    digest.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

#[tokio::test]
#[ignore = "needs node and what npm fetches: run `tests/interop/check`"]
async fn the_javascript_client_reads_ours_and_we_read_its() {
    let server = Server::start().await;
    let folder = std::env::var("INTEROP").expect("it is run by `tests/interop/check`");
    let bus = Bus::connect(server.url()).await.unwrap();
    let config = ObjectStoreConfig::new("files").to_stream();
    bus.apply(bus.plan_stream(&config).await.unwrap()).await.unwrap();
    let files = bus.objects("files");
    let mut program = Command::new("node")
        .args(["objects.mjs", &server.url()])
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("node is there");
    let asked = program.stdin.take().unwrap();
    let told = BufReader::new(program.stdout.take().unwrap()).lines();
    let mut javascript = Javascript { asked, told };
    assert_eq!(javascript.told().await["ready"], true);

    // Ours, read there.
    let data: Vec<u8> = (0..3_000_001_u32).map(|at| ((at * 7) >> 2).to_le_bytes()[0]).collect();
    let meta = ObjectMeta::new("ours.bin")
        .with_description("Ours")
        .with_metadata("year", "2026")
        .with_header("content-type", "application/octet-stream")
        .unwrap();
    let put = files.put_from(meta, &data[..]).await.unwrap();
    let read = javascript.ask(json!({ "deed": "read", "name": "ours.bin" })).await;
    assert_eq!((&read["sha"], &read["size"]), (&json!(sha(&data)), &json!(data.len())), "{read}");
    assert_eq!((&read["chunks"], &read["description"]), (&json!(put.chunks), &json!("Ours")));
    assert_eq!(read["metadata"], json!({ "year": "2026" }));
    assert_eq!(read["types"], json!(["application/octet-stream"]));
    files.link("link", &put).await.unwrap();
    let read = javascript.ask(json!({ "deed": "read", "name": "link" })).await;
    assert_eq!((&read["sha"], &read["link"]), (&json!(sha(&data)), &json!(true)), "{read}");
    files.put("nothing", Vec::new()).await.unwrap();
    let read = javascript.ask(json!({ "deed": "read", "name": "nothing" })).await;
    assert_eq!((&read["found"], &read["size"]), (&json!(true), &json!(0)), "{read}");
    let listed = javascript.ask(json!({ "deed": "list" })).await;
    assert_eq!(listed["names"], json!(["link", "nothing", "ours.bin"]));
    files.delete("nothing").await.unwrap();
    let read = javascript.ask(json!({ "deed": "read", "name": "nothing" })).await;
    assert_eq!(read["found"], false);

    // Theirs, read here: one after the other of the same name, a link, and what was deleted.
    for size in [2_500_000, 1_000_000, 131_072, 1, 0] {
        let meta = json!({ "description": "Theirs", "metadata": { "size": size.to_string() } });
        let ask = json!({ "deed": "write", "name": "theirs.bin", "size": size, "meta": meta });
        let written = javascript.ask(ask).await;
        let found = files.get("theirs.bin").await.unwrap().unwrap();
        let info = found.info().clone();
        assert_eq!(
            (json!(info.nuid), json!(info.chunks)),
            (written["nuid"].clone(), written["chunks"].clone())
        );
        assert_eq!(info.meta.description.as_deref(), Some("Theirs"));
        assert_eq!(info.meta.metadata["size"], size.to_string());
        assert_eq!(written["sha"], sha(&found.bytes().await.unwrap()), "{size}");
    }
    javascript.ask(json!({ "deed": "link", "name": "latest", "to": "ours.bin" })).await;
    let found = files.get("latest").await.unwrap().unwrap();
    assert_eq!(found.info().name(), "ours.bin");
    assert!(found.bytes().await.unwrap() == data);
    javascript.ask(json!({ "deed": "delete", "name": "theirs.bin" })).await;
    assert!(files.get("theirs.bin").await.unwrap().is_none());
    // Each replaces what the other has.
    files.put("theirs.bin", "ours now").await.unwrap();
    let read = javascript.ask(json!({ "deed": "read", "name": "theirs.bin" })).await;
    assert_eq!(read["sha"], sha(b"ours now"));
}
