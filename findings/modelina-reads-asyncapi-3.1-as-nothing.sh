#!/usr/bin/env bash
# Modelina, AsyncAPI's own generator of classes, makes nothing of a document of AsyncAPI 3.1, and says nothing of it.
#
# Seen with @asyncapi/modelina 5.10.1, whose own parser (@asyncapi/parser) takes the same document without a fault. Its list
# of versions ends at 3.0.0. A document of 3.1.0 is then taken for a JSON Schema without keywords: the result is one type
# that holds anything, or no type at all, and no error. The same document with `"asyncapi": "3.0.0"` gives the classes.
#
# It prints two lines and ends with 0 while that holds:
#     3.0.0: class OrderPaid
#     3.1.0: type Root = any;
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund @asyncapi/modelina@5.10.1
cat >look.mjs <<'JS'
import { Parser } from "@asyncapi/parser";
import { TypeScriptGenerator } from "@asyncapi/modelina";

const document = (version) => ({
  asyncapi: version,
  info: { title: "Orders", version: "1.0.0" },
  channels: { paid: { address: "orders.paid", messages: { OrderPaid: { $ref: "#/components/messages/OrderPaid" } } } },
  operations: { pay: { action: "send", channel: { $ref: "#/channels/paid" } } },
  components: {
    messages: { OrderPaid: { name: "OrderPaid", payload: { $ref: "#/components/schemas/OrderPaid" } } },
    schemas: { OrderPaid: { type: "object", properties: { order: { type: "string" } }, required: ["order"] } },
  },
});
for (const version of ["3.0.0", "3.1.0"]) {
  const said = await new Parser().parse(JSON.stringify(document(version)));
  if (!said.document) throw new Error("the parser refuses the document");
  const models = await new TypeScriptGenerator().generate(document(version));
  console.log(`${version}: ${models.map((model) => model.result.split(" {")[0]).join(", ")}`);
}
JS
node look.mjs | tee seen.txt
printf '3.0.0: class OrderPaid\n3.1.0: type Root = any;\n' | diff - seen.txt
