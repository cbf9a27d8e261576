// The other side of tests/integration/key_value_interop.rs: buckets by the JavaScript client of NATS.
//
//   node key_value.mjs <server's URL> <bucket>
//
// One line of JSON for each change that its watch tells, and one for what each line of the standard input
// asks: [operation, arguments…].
import { createInterface } from "node:readline";

import { Kvm } from "@nats-io/kv";
import { connect } from "@nats-io/transport-node";

const connection = await connect({ servers: process.argv[2] });
const buckets = new Kvm(connection);
const bucket = await buckets.open(process.argv[3]);
const { history, values, markerTTL } = await bucket.status();
const watch = await bucket.watch();
tell({ ready: true, history, values, markerTTL });
report();

for await (const line of createInterface({ input: process.stdin })) {
  const [operation, ...rest] = JSON.parse(line);
  tell({ operation, done: await answer(operation, rest) });
}
await connection.close();

async function answer(operation, [key, value, ttl]) {
  switch (operation) {
    case "get":
      return entry(await bucket.get(key));
    case "keys":
      return (await all(await bucket.keys())).sort();
    case "history":
      return (await all(await bucket.history({ key }))).map(entry);
    case "put":
      return await bucket.put(key, value);
    case "create":
      return await bucket.create(key, value, ttl);
    case "delete":
      return await bucket.delete(key);
    case "purge":
      return await bucket.purge(key);
    case "make":
      await buckets.create(key, value);
      return true;
    default:
      throw new Error(operation);
  }
}

async function report() {
  for await (const change of watch) {
    tell({ told: entry(change) });
  }
}

async function all(items) {
  const found = [];
  for await (const item of items) found.push(item);
  return found;
}

function entry(found) {
  if (found === null) return null;
  const { key, operation, revision } = found;
  return { key, operation, revision, value: found.string() };
}

function tell(line) {
  console.log(JSON.stringify(line));
}
