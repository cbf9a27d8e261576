#!/usr/bin/env bash
# Two interfaces of Python's CloudEvents SDK, in one package, read and write attributes in headers differently: one
# percent-encodes them, the other does not; and the SDK for JavaScript does not either.
#
# Seen with cloudevents 2.2.0 (PyPI) and cloudevents 10.0.0 (npm). The specification's binding of HTTP (1.0.2, 3.1.3.2) has
# space, double quote, percent and all beyond ASCII percent-encoded in a header, and so has the draft of the binding of NATS. In
# Python `cloudevents.core.bindings.http` does so, writing and reading. `cloudevents.v1.http`, the interface of before 2.0,
# writes and reads them as they are, and so does `HTTP` in JavaScript. So a subject with a space or a percent sign comes out
# as another one wherever the two sides are not of one kind, without an error.
#
# It prints six lines and ends with 0 while that holds:
#     core to core: 100%25 wool -> 100%25 wool
#     core to v1: 100%25 wool -> 100%2525%20wool
#     v1 to core: 100%25 wool -> 100% wool
#     v1 to v1: 100%25 wool -> 100%25 wool
#     core to JavaScript: 100%25 wool -> 100%2525%20wool
#     JavaScript to core: 100%25 wool -> 100% wool
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check cloudevents==2.2.0
cd "$folder"
npm install --silent --no-audit --no-fund cloudevents@10.0.0

cat >look.mjs <<'JS'
import { CloudEvent, HTTP } from "cloudevents";

// Arguments: `read` and headers, or `write` and a subject.
const [work, given] = process.argv.slice(2);
if (work === "read") {
  console.log(HTTP.toEvent({ headers: JSON.parse(given), body: "{}" }).subject);
} else {
  const event = new CloudEvent({ id: "1", source: "/s", type: "t", subject: given, data: {} });
  console.log(JSON.stringify(HTTP.binary(event).headers));
}
JS

cat >look.py <<'PYTHON'
import json
import subprocess
import sys

from cloudevents.core.bindings.http import HTTPMessage, from_binary_event, to_binary_event
from cloudevents.core.v1.event import CloudEvent
from cloudevents.v1.conversion import to_binary
from cloudevents.v1.http import CloudEvent as OldEvent
from cloudevents.v1.http import from_http

SUBJECT = "100%25 wool"
ATTRIBUTES = {"id": "1", "source": "/s", "type": "t", "subject": SUBJECT}


def node(*arguments):
    return subprocess.run(["node", "look.mjs", *arguments], check=True, capture_output=True, text=True).stdout.rstrip("\n")


writers = {
    "core": lambda: dict(to_binary_event(CloudEvent(dict(ATTRIBUTES), {})).headers),
    "v1": lambda: dict(to_binary(OldEvent(dict(ATTRIBUTES), {}))[0]),
    "JavaScript": lambda: json.loads(node("write", SUBJECT)),
}
readers = {
    "core": lambda headers: from_binary_event(HTTPMessage(headers=headers, body=b"{}")).get_subject(),
    "v1": lambda headers: from_http(headers, b"{}")["subject"],
    "JavaScript": lambda headers: node("read", json.dumps(headers)),
}
pairs = [("core", "core"), ("core", "v1"), ("v1", "core"), ("v1", "v1"), ("core", "JavaScript"), ("JavaScript", "core")]
said = [f"{writer} to {reader}: {SUBJECT} -> {readers[reader](writers[writer]())}" for writer, reader in pairs]
print("\n".join(said))
read = ["100%25 wool", "100%2525%20wool", "100% wool", "100%25 wool", "100%2525%20wool", "100% wool"]
sys.exit(said != [f"{writer} to {reader}: {SUBJECT} -> {one}" for (writer, reader), one in zip(pairs, read)])
PYTHON
"$folder/venv/bin/python" look.py 2>/dev/null
