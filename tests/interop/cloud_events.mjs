// The other side of tests/integration/cloud_event_interop.rs: CloudEvents by their JavaScript SDK, which
// knows HTTP and not NATS, over a NATS client.
//
//   node cloud_events.mjs <server's URL>
//
// One line of JSON for each event that came, as the SDK reads it; each is sent back in every form.
import { connect, headers as natsHeaders } from "@nats-io/transport-node";
import { CloudEvent, HTTP } from "cloudevents";

const HEARD = "interop.rust.noted";
const ANSWERED = "interop.npm.noted";

const connection = await connect({ servers: process.argv[2] });
const heard = connection.subscribe(HEARD);
await connection.flush();
tell({ ready: true });

for await (const message of heard) {
  const headers = lowerCase(message.headers);
  if (headers.end) break;
  const event = HTTP.toEvent({ headers: decoded(headers), body: message.string() });
  event.validate();
  const mode = "ce-specversion" in headers ? "binary" : "structured";
  tell({ mode, event: event.toJSON() });

  const answer = new CloudEvent({
    id: `npm/${event.id}`,
    source: "urn:npm",
    type: event.type,
    subject: event.subject,
    tenant: event.tenant,
    data: { ...event.data, way: "npm" },
  });
  const structured = HTTP.structured(answer);
  const binary = HTTP.binary(answer);
  send(structured.headers, structured.body);
  // As the released binding has it.
  send({}, structured.body);
  // As the SDK leaves them, not encoded, and in capitals; then as the draft of the binding has them.
  send(upperCase(binary.headers), binary.body);
  send(encoded(binary.headers), binary.body);
  await connection.flush();
}
await connection.drain();

function tell(what) {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}

function send(headers, body) {
  const written = natsHeaders();
  for (const [name, value] of Object.entries(headers)) written.set(name, value);
  connection.publish(ANSWERED, body, { headers: written });
}

function lowerCase(headers) {
  const entries = [...(headers?.keys() ?? [])].map((name) => [name.toLowerCase(), headers.get(name)]);
  return Object.fromEntries(entries);
}

function upperCase(headers) {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value]));
}

// The SDK neither encodes nor decodes the values of headers.
function decoded(headers) {
  return attributes(headers, decodeURIComponent);
}

function encoded(headers) {
  const each = (char) => (/[!#$&-~]/.test(char) ? char : encodeURIComponent(char).replace("'", "%27"));
  return attributes(headers, (value) => [...value].map(each).join(""));
}

function attributes(headers, change) {
  const one = ([name, value]) => [name, name.startsWith("ce-") ? change(value) : value];
  return Object.fromEntries(Object.entries(headers).map(one));
}
