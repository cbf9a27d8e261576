//! CloudEvents to and from their JavaScript SDK, over a nats-server; `tests/interop/check` runs it, and names
//! the folder with what it needs.

use std::process::Stdio;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use serde_json::Value;
use tidings::prelude::*;
use tidings::{CloudEventMode, CloudEvents};
use tidings_tests::Server;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{ChildStdout, Command};
use tokio::time::timeout;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "interop.{way}.noted")]
struct Noted {
    way: String,
    #[event(id)]
    title: String,
    number: u32,
}

const SOON: Duration = Duration::from_secs(30);
const TEXT: &str = "Euro € 😀 100%25 \"x\"";

/// Next line that the program tells.
async fn told(lines: &mut Lines<BufReader<ChildStdout>>) -> Value {
    let line = timeout(SOON, lines.next_line()).await.unwrap().unwrap();
    serde_json::from_str(&line.expect("the program goes on")).unwrap()
}

#[tokio::test]
#[ignore = "needs node and what npm fetches: run `tests/interop/check`"]
async fn the_javascript_sdk_reads_ours_and_we_read_its() {
    let server = Server::start().await;
    let folder = std::env::var("INTEROP").expect("it is run by `tests/interop/check`");
    let mut program = Command::new("node")
        .args(["cloud_events.mjs", &server.url()])
        .current_dir(folder)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("node is there");
    let mut lines = BufReader::new(program.stdout.take().unwrap()).lines();
    assert_eq!(told(&mut lines).await["ready"], true);

    let options = CloudEvents::new("/rust").unwrap();
    let options = options.extension("tenant", TEXT).unwrap();
    let options = options.data_schema_base("https://rust.example/schemas/").unwrap();
    let bus = Bus::connect(server.url()).await.unwrap();
    let mut answers = bus.subscribe_to(Noted::filter().way("npm")).await.unwrap();
    for (mode, options) in [("structured", options.clone()), ("binary", options.binary())] {
        let event = Noted { way: "rust".into(), title: TEXT.into(), number: 7 };
        bus.message(&event).cloud_event(options).publish().await.unwrap();

        let read = told(&mut lines).await;
        assert_eq!(read["mode"], mode);
        let read = &read["event"];
        for (name, expected) in [
            ("specversion", "1.0"),
            ("source", "/rust"),
            ("type", "interop.noted.v1"),
            ("subject", TEXT),
            ("datacontenttype", "application/json"),
            ("dataschema", "https://rust.example/schemas/interop.noted.v1"),
            ("tenant", TEXT),
        ] {
            assert_eq!(read[name], expected, "{mode}: {name} of {read}");
        }
        assert!(read["time"].is_string() && read["id"].is_string(), "{read}");
        assert_eq!(read["data"], serde_json::to_value(&event).unwrap());

        let forms = [CloudEventMode::Structured, CloudEventMode::Structured]
            .into_iter()
            .chain([CloudEventMode::Binary, CloudEventMode::Binary]);
        for (form, expected) in forms.enumerate() {
            let answer = timeout(SOON, answers.next()).await.unwrap().unwrap().unwrap();
            let attributes = answer.cloud_event().expect("it came as one");
            assert_eq!(attributes.mode(), expected, "{form}");
            assert_eq!(
                (attributes.source(), attributes.event_type()),
                ("urn:npm", "interop.noted.v1")
            );
            assert!(attributes.time().is_some());
            // Unless it is encoded, `%25` in a header is a `%`: the third form is not.
            let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
            let as_sent = |text: &str| if form == 2 { decoded(text) } else { text.to_owned() };
            let text = as_sent(TEXT);
            let id = as_sent(read["id"].as_str().unwrap());
            assert_eq!(attributes.id(), format!("npm/{id}"), "{form}");
            assert_eq!(attributes.subject(), Some(text.as_str()), "{form}");
            assert_eq!(attributes.attribute("tenant"), Some(text.as_str()), "{form}");
            assert_eq!(*answer, Noted { way: "npm".into(), ..event.clone() });
        }
    }
    let last = Noted { way: "rust".into(), title: "end".into(), number: 0 };
    bus.message(&last).header("end", "true").publish().await.unwrap();
    let status = timeout(SOON, program.wait()).await.unwrap().unwrap();
    assert!(status.success(), "{status}");
}
