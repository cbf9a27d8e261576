// Parses an AsyncAPI document with the official parser, and writes the schemas as the parser keeps them:
//
//   node parse.mjs DOCUMENT OUT
//
// Exits with 1 where the parser finds an error or a warning, which it prints.
import fs from 'node:fs';
import { Parser } from '@asyncapi/parser';

const [file, out] = process.argv.slice(2);
const { document, diagnostics } = await new Parser().parse(fs.readFileSync(file, 'utf8'));
// 0 is an error, 1 a warning; what is below are hints about contacts and licences.
const found = diagnostics.filter((diagnostic) => diagnostic.severity <= 1);
for (const { code, path, message } of found) {
  console.error(`${code} at /${path.join('/')}: ${message}`);
}
if (!document || found.length > 0) {
  process.exit(1);
}

// The parser puts a schema in the place of each reference to it, so that what holds itself is a circle:
// such a schema goes to `definitions`.
const definitions = {};
const names = new Map();
const around = new Set();
function plain(value) {
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  if (Array.isArray(value)) {
    return value.map(plain);
  }
  if (around.has(value)) {
    names.set(value, names.get(value) ?? `circle${names.size}`);
    return { $ref: `#/definitions/${names.get(value)}` };
  }
  around.add(value);
  // Without notes of the parser's own.
  const members = Object.entries(value).filter(([key]) => !key.startsWith('x-parser-'));
  const copy = Object.fromEntries(members.map(([key, member]) => [key, plain(member)]));
  around.delete(value);
  if (!names.has(value)) {
    return copy;
  }
  definitions[names.get(value)] = copy;
  return { $ref: `#/definitions/${names.get(value)}` };
}

const all = document.messages().all();
const messages = all.map((message) => [message.id(), plain(message.payload()?.json())]);
const examples = all.map((message) => [message.id(), message.examples().all().map((one) => one.payload())]);
const operations = document.operations().all().map((operation) => [operation.id(), [
  operation.action(),
  ...operation.messages().all().map((message) => message.id()),
  operation.reply()?.channel()?.id() ?? null,
]]);
fs.writeFileSync(out, JSON.stringify({
  messages: Object.fromEntries(messages),
  examples: Object.fromEntries(examples),
  operations: Object.fromEntries(operations),
  definitions,
}));
