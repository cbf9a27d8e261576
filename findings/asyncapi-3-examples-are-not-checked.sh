#!/usr/bin/env bash
# AsyncAPI's parser checks examples of messages in documents of version 2.6, and not in version 3.
#
# Seen with @asyncapi/parser 3.6.6 from npm and Node 20: the same message, whose example breaks the
# payload's schema, is an error (`asyncapi2-message-examples`) in a 2.6.0 document and nothing at all
# in a 3.0.0 document. Who moved a document from one to the other lost the check without being told.
#
# It prints two lines and ends with 0 while that holds:
#     2.6.0: asyncapi2-message-examples
#     3.0.0: nothing
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-fund --no-audit @asyncapi/parser@3.6.6
cat >look.mjs <<'JAVASCRIPT'
import { Parser } from '@asyncapi/parser';

const info = { title: 'look', version: '1.0.0' };
const counted = {
  name: 'counted',
  payload: { type: 'object', properties: { count: { type: 'integer' } } },
  examples: [{ payload: { count: 'seven' } }],
};
const reference = { $ref: '#/components/messages/counted' };
const components = { messages: { counted } };
const documents = [
  { asyncapi: '2.6.0', info, channels: { counts: { publish: { message: reference } } }, components },
  { asyncapi: '3.0.0', info, channels: { counts: { address: 'counts', messages: { counted: reference } } }, components },
];
const expected = ['asyncapi2-message-examples', 'nothing'];
for (const [at, source] of documents.entries()) {
  const { diagnostics } = await new Parser().parse(JSON.stringify(source));
  const codes = new Set(diagnostics.filter(({ severity }) => severity === 0).map(({ code }) => code));
  const said = [...codes].join(', ') || 'nothing';
  console.log(`${source.asyncapi}: ${said}`);
  if (said !== expected[at]) process.exitCode = 1;
}
JAVASCRIPT
node look.mjs
