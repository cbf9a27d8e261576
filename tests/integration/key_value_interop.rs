//! Buckets shared with the JavaScript client of NATS, over a nats-server; `tests/interop/check` runs it, and
//! names the folder with what it needs.

use std::process::Stdio;

use serde_json::{Value, json};
use tidings::prelude::*;
use tidings::{BucketConfig, Changes, PlanAction, RemovalReason, WatchEvent};
use tidings_tests::Server;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(30);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Bucket)]
#[bucket(name = "interop", key = "{tenant}.{user}", history = 5, limit_markers = "2s")]
struct Session {
    tenant: String,
    user: u64,
    note: String,
}

fn session(user: u64, note: &str) -> Session {
    Session { tenant: "a-b_c/d=".into(), user, note: note.into() }
}

fn key(user: u64) -> SessionKey {
    SessionKey { tenant: "a-b_c/d=".into(), user }
}

/// The program on the other side.
struct Other {
    _child: Child,
    asked: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    /// Changes that its watch told.
    told: Vec<Value>,
}

impl Other {
    async fn line(&mut self) -> Value {
        let line = timeout(SOON, self.lines.next_line()).await.expect("soon").unwrap();
        serde_json::from_str(&line.expect("the program goes on")).unwrap()
    }

    /// Result of an operation; what the watch tells meanwhile is kept.
    async fn does(&mut self, asked: Value) -> Value {
        self.asked.write_all(format!("{asked}\n").as_bytes()).await.unwrap();
        loop {
            let mut line = self.line().await;
            if line["operation"] == asked[0] {
                return line["done"].take();
            }
            self.told.push(line["told"].take());
        }
    }

    /// The next change that its watch tells.
    async fn hears(&mut self) -> (String, String, String) {
        if self.told.is_empty() {
            let told = self.line().await["told"].take();
            self.told.push(told);
        }
        let told = self.told.remove(0);
        let text = |field: &str| told[field].as_str().unwrap().to_owned();
        (text("key"), text("operation"), text("value"))
    }
}

async fn next(changes: &mut Changes<Session>) -> WatchEvent<Session, SessionKey> {
    timeout(SOON, changes.next()).await.expect("soon").expect("the bus is open").expect("readable")
}

async fn removed(changes: &mut Changes<Session>, user: u64, reason: RemovalReason) {
    match next(changes).await {
        WatchEvent::Removed(removal) => {
            assert_eq!((removal.key, removal.reason), (key(user), reason));
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
#[ignore = "needs node and what npm fetches: run `tests/interop/check`"]
async fn the_javascript_client_reads_our_values_and_we_read_its() {
    let server = Server::start().await;
    let bus = Bus::connect(server.url()).await.unwrap();
    bus.provision::<Session>().await.unwrap();
    let sessions = bus.key_value::<Session>();
    let first = session(1, "Euro € 😀");
    sessions.put(&first).await.unwrap();
    let folder = std::env::var("INTEROP").expect("it is run by `tests/interop/check`");
    let mut child = Command::new("node")
        .args(["key_value.mjs", &server.url(), "interop"])
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("node is there");
    let (asked, lines) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let lines = BufReader::new(lines).lines();
    let mut other = Other { _child: child, asked, lines, told: Vec::new() };
    let ready = other.line().await;
    assert_eq!((&ready["history"], &ready["values"]), (&5.into(), &1.into()), "{ready}");

    // What we write, it reads.
    let of = |user: u64| format!("a-b_c/d=.{user}");
    let (told, operation, value) = other.hears().await;
    assert_eq!((told, operation.as_str()), (of(1), "PUT"));
    assert_eq!(serde_json::from_str::<Session>(&value).unwrap(), first);
    let got = other.does(json!(["get", of(1)])).await;
    assert_eq!((&got["revision"], got["value"].as_str()), (&1.into(), Some(&*value)));
    sessions.update(&session(1, "new"), 1).await.unwrap();
    sessions.delete(&key(1)).await.unwrap();
    sessions.create(&session(2, "short")).ttl(Duration::from_secs(2)).await.unwrap();
    sessions.put(&session(3, "kept")).await.unwrap();
    let mut heard = Vec::new();
    // A purge takes away what was put before it, so that a watch which has not been told yet never is.
    while !heard.contains(&(of(3), "PUT".to_owned())) {
        let (key, operation, _) = other.hears().await;
        heard.push((key, operation));
    }
    sessions.purge(&key(3)).await.unwrap();
    while heard.len() < 6 {
        let (key, operation, _) = other.hears().await;
        heard.push((key, operation));
    }
    for (user, operation) in [(1, "PUT"), (1, "DEL"), (2, "PUT"), (3, "PUT"), (3, "PURGE")] {
        let place = heard.iter().position(|one| *one == (of(user), operation.to_owned()));
        heard.remove(place.unwrap_or_else(|| panic!("no {operation} of {user}: {heard:?}")));
    }
    // The marker of what expired, which it takes for a purge.
    assert_eq!(heard, [(of(2), "PURGE".to_owned())]);
    // Its list of keys has what expired, too, until the marker is gone (3.4.0).
    let keys = other.does(json!(["keys"])).await;
    let has = |keys: &Value, user| keys.as_array().unwrap().contains(&of(user).into());
    assert!(!has(&keys, 1) && !has(&keys, 3), "{keys}");
    let history = other.does(json!(["history", of(1)])).await;
    let operations: Vec<_> =
        history.as_array().unwrap().iter().map(|one| &one["operation"]).collect();
    assert_eq!(operations, ["PUT", "PUT", "DEL"]);

    // What it writes, we read.
    let mut changes = sessions.watch().updates_only().await.unwrap();
    assert_eq!(next(&mut changes).await, WatchEvent::Current);
    let written = |user, note| serde_json::to_string(&session(user, note)).unwrap();
    let revision = other.does(json!(["put", of(7), written(7, "theirs €")])).await;
    let entry = sessions.entry(&key(7)).await.unwrap().unwrap();
    assert_eq!((entry.value, revision.as_u64()), (session(7, "theirs €"), Some(entry.revision)));
    other.does(json!(["create", of(8), written(8, "short"), "1s"])).await;
    for user in [7, 8] {
        let told = next(&mut changes).await;
        assert!(matches!(&told, WatchEvent::Put(entry) if entry.key == key(user)), "{told:?}");
    }
    removed(&mut changes, 8, RemovalReason::Expired).await;
    other.does(json!(["delete", of(7)])).await;
    removed(&mut changes, 7, RemovalReason::Deleted).await;
    other.does(json!(["create", of(7), written(7, "again")])).await;
    let told = next(&mut changes).await;
    assert!(
        matches!(&told, WatchEvent::Put(entry) if entry.value == session(7, "again")),
        "{told:?}"
    );
    other.does(json!(["purge", of(7)])).await;
    removed(&mut changes, 7, RemovalReason::Purged).await;
    assert_eq!(sessions.get(&key(7)).await.unwrap(), None);
    // A key that it removed can be created, and the other way round.
    sessions.create(&session(7, "ours")).await.unwrap();
    let keys = other.does(json!(["keys"])).await;
    assert!(has(&keys, 7) && !has(&keys, 1) && !has(&keys, 3), "{keys}");

    // A bucket that it makes is one that we would make, but that it lets single messages be deleted.
    other.does(json!(["make", "theirs", { "history": 5, "markerTTL": 2000 }])).await;
    let mut ours = BucketConfig::new("theirs");
    ours.history = 5;
    ours.limit_markers = Some(Duration::from_secs(2));
    let plan = bus.plan_stream(&ours.to_stream()).await.unwrap();
    let fields: Vec<&str> = plan.differences.iter().map(|one| one.field.as_ref()).collect();
    assert_eq!((plan.action, &*fields), (PlanAction::Change, &["deny_delete"][..]), "{plan}");
    let strings = bus.bucket::<String>("theirs");
    strings.put("some.key", &"a text".to_owned()).await.unwrap();
    assert_eq!(strings.get("some.key").await.unwrap().as_deref(), Some("a text"));
}
