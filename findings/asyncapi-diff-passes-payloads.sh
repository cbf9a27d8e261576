#!/usr/bin/env bash
# AsyncAPI's diff library calls a raised version of the document breaking, and says of no change of a payload whether it
# breaks.
#
# Seen with @asyncapi/diff 0.5.0 (npm), documents of AsyncAPI 3.0 and, for payloads, 3.1 and 2.6. A channel that is gone,
# another address, another action or content type are breaking, as one would guess. A payload's field of another type, a
# required field taken away and a value taken from a channel's parameter are `unclassified`, so that a step of CI which fails
# on what is breaking passes them; and it fails where the only change is `info.version`, which whoever changes anything is
# meant to raise.
#
# It prints seven lines and ends with 0 while that holds:
#     another address: breaking
#     the document's version raised: breaking
#     a parameter's value gone: unclassified
#     a payload's field of another type, 3.0.0: unclassified
#     a payload's field of another type, 3.1.0: unclassified
#     a payload's field of another type, 2.6.0: unclassified
#     a payload's required field gone: unclassified, unclassified
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund @asyncapi/diff@0.5.0
cat >look.mjs <<'JS'
import assert from "node:assert";
import library from "@asyncapi/diff";

const payload = () => ({
  type: "object",
  required: ["id", "total"],
  properties: { id: { type: "string" }, total: { type: "number" } },
});
const third = (version) => ({
  asyncapi: version,
  info: { title: "orders", version: "1.0.0" },
  channels: {
    orders: {
      address: "orders.{region}.created",
      parameters: { region: { enum: ["eu", "us"] } },
      messages: { OrderCreated: { payload: payload() } },
    },
  },
  operations: { sendOrders: { action: "send", channel: { $ref: "#/channels/orders" } } },
});
const second = () => ({
  asyncapi: "2.6.0",
  info: { title: "orders", version: "1.0.0" },
  channels: { "orders.created": { subscribe: { message: { payload: payload() } } } },
});
const fields = (document) =>
  (document.channels.orders?.messages.OrderCreated ?? document.channels["orders.created"].subscribe.message).payload;

const said = [];
const look = (name, make, edit) => {
  const edited = make();
  edit(edited);
  const found = library.diff(make(), edited);
  const kinds = [
    ...found.breaking().map(() => "breaking"),
    ...found.nonBreaking().map(() => "non-breaking"),
    ...found.unclassified().map(() => "unclassified"),
  ];
  said.push(`${name}: ${kinds.join(", ")}`);
};
const newest = () => third("3.0.0");
look("another address", newest, (d) => (d.channels.orders.address = "orders.{region}.made"));
look("the document's version raised", newest, (d) => (d.info.version = "1.0.1"));
look("a parameter's value gone", newest, (d) => d.channels.orders.parameters.region.enum.pop());
for (const make of [newest, () => third("3.1.0"), second]) {
  look(`a payload's field of another type, ${make().asyncapi}`, make, (d) => (fields(d).properties.id.type = "integer"));
}
look("a payload's required field gone", newest, (d) => {
  fields(d).required.pop();
  delete fields(d).properties.total;
});
console.log(said.join("\n"));
assert.deepEqual(said, [
  "another address: breaking",
  "the document's version raised: breaking",
  "a parameter's value gone: unclassified",
  "a payload's field of another type, 3.0.0: unclassified",
  "a payload's field of another type, 3.1.0: unclassified",
  "a payload's field of another type, 2.6.0: unclassified",
  "a payload's required field gone: unclassified, unclassified",
]);
JS
node look.mjs
