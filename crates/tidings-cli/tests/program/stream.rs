//! `tidings stream`: plans of streams, and a folder of them.

use std::fs;
use std::process::Command;

use tidings::StreamConfig;
use tidings_tests::Server;

use super::{SOON, refused, said, tempfile, tidings, told};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_are_planned_and_applied() {
    let server = Server::start().await;
    let folder = tempfile(&server);
    let schemas = folder.to_str().unwrap();
    let write = |config: &StreamConfig| {
        fs::write(folder.join(format!("{}.stream.json", config.name)), config.to_json()).unwrap();
    };
    let plan = ["stream", "plan", "--schemas", schemas];
    let apply = ["stream", "apply", "--schemas", schemas];
    assert_eq!(refused(&server, &plan).await.0, Some(2), "an empty folder");

    let mut orders = StreamConfig::new("ORDERS", ["orders.>"]);
    write(&orders);
    write(&StreamConfig::new("STOCK", ["stock.>"]));
    let output = tidings(&server, &plan).await;
    assert_eq!(output.status.code(), Some(3));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("stream ORDERS: create") && text.contains("stream STOCK"), "{text}");
    let only = told(&server, &["stream", "apply", "--schemas", schemas, "ORDERS"]).await;
    assert_eq!((only.len(), &only[0]["action"]), (1, &"create".into()));
    said(&server, &apply).await;
    assert_eq!(tidings(&server, &plan).await.status.code(), Some(0));

    // A cluster's stream on this one server.
    orders.replicas = 3;
    write(&orders);
    let alone = [&plan[..], &["--replicas", "1", "ORDERS"]].concat();
    let text = said(&server, &alone).await;
    assert!(text.contains("num_replicas: 3 is declared, 1 is used (stream_replicas)"), "{text}");
    let none = [&plan[..], &["--replicas", "6"]].concat();
    assert_eq!(refused(&server, &none).await.0, Some(2), "no stream has six");
    orders.replicas = 1;

    // What loses messages is made only where that is said.
    orders.max_messages = Some(10);
    write(&orders);
    assert_eq!(tidings(&server, &plan).await.status.code(), Some(3));
    let output = tidings(&server, &apply).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let dry = [&apply[..], &["--allow-data-loss", "--dry-run"]].concat();
    assert!(said(&server, &dry).await.contains("max_msgs"));
    assert_eq!(tidings(&server, &plan).await.status.code(), Some(3));
    said(&server, &[&apply[..], &["--allow-data-loss"]].concat()).await;
    assert_eq!(tidings(&server, &plan).await.status.code(), Some(0));
    fs::remove_dir_all(&folder).unwrap();
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_from_elsewhere_is_read_with_care() {
    let server = Server::start().await;
    let folder = tempfile(&server);
    let schemas = folder.to_str().unwrap();
    let file = folder.join("ORDERS.stream.json");
    let outside = folder.join("outside.json");
    fs::write(&outside, StreamConfig::new("ORDERS", ["orders.>"]).to_json()).unwrap();
    let plan = async |why: &str| {
        let arguments = ["stream", "apply", "--schemas", schemas];
        let output = tokio::time::timeout(SOON, tidings(&server, &arguments)).await;
        let output = output.expect("it does not wait");
        let text = String::from_utf8(output.stderr).unwrap();
        assert_ne!(output.status.code(), Some(0));
        assert!(text.contains("ORDERS.stream.json") && text.contains(why), "{text}");
    };

    std::os::unix::fs::symlink(&outside, &file).unwrap();
    plan("plain file").await;
    fs::remove_file(&file).unwrap();
    assert!(Command::new("mkfifo").arg(&file).status().unwrap().success());
    plan("plain file").await;
    fs::remove_file(&file).unwrap();
    fs::File::create(&file).unwrap().set_len(5 * 1024 * 1024).unwrap();
    plan("larger than 4 MiB").await;
    for name in ["SHOP", "a.b", "../ORDERS"] {
        fs::write(&file, StreamConfig::new(name, ["orders.>"]).to_json()).unwrap();
        plan(name).await;
    }
    fs::remove_dir_all(&folder).unwrap();
}
