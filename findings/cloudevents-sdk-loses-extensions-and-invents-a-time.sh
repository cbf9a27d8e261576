#!/usr/bin/env bash
# The JavaScript SDK of CloudEvents drops extensions whose header is not in lower case, and gives a time to an
# event that has none.
#
# Seen with cloudevents 10.0.0 (npm). `HTTP.toEvent` finds the required attributes and `subject` in headers of
# any case, as HTTP has them (RFC 9110, 5.1) and as the draft of the NATS binding asks for; an extension
# such as `ce-tenant` is found in lower case only, and dropped without a word in `CE-TENANT` or
# `Ce-Tenant`. `time` is optional in the specification, and a consumer that reads an event without one is given the
# moment of reading, which can't be told from the sender's word: twice read, the same event has two times.
#
# It prints three lines and ends with 0 while that holds:
#     ce-tenant: acme, subject s
#     Ce-Tenant: undefined, subject s
#     a time that nobody sent, another one each time: true
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund cloudevents@10.0.0
cat >read.mjs <<'JS'
import assert from "node:assert";
import { setTimeout } from "node:timers/promises";
import { HTTP } from "cloudevents";

const event = (prefix, extension) => HTTP.toEvent({
  headers: {
    [`${prefix}Specversion`]: "1.0",
    [`${prefix}Id`]: "1",
    [`${prefix}Source`]: "/orders",
    [`${prefix}Type`]: "order.created",
    [`${prefix}Subject`]: "s",
    [extension]: "acme",
    "content-type": "application/json",
  },
  body: "{}",
});

const lower = event("ce-", "ce-tenant");
console.log(`ce-tenant: ${lower.tenant}, subject ${lower.subject}`);
assert.deepEqual([lower.tenant, lower.subject], ["acme", "s"]);

const capital = event("Ce-", "Ce-Tenant");
console.log(`Ce-Tenant: ${capital.tenant}, subject ${capital.subject}`);
assert.deepEqual([capital.tenant, capital.subject], [undefined, "s"]);

await setTimeout(10);
const again = event("ce-", "ce-tenant");
const invented = Boolean(lower.time && again.time && lower.time !== again.time);
console.log(`a time that nobody sent, another one each time: ${invented}`);
assert(invented);
JS
node read.mjs
