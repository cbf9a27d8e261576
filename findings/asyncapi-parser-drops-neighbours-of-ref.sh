#!/usr/bin/env bash
# AsyncAPI's parser drops what stands beside a `$ref`, also in a payload that says it is 2020-12.
#
# Seen with @asyncapi/parser 3.6.6 from npm and Node 20. In JSON Schema 2020-12 the neighbours of a
# `$ref` count: `{"$ref": …, "required": ["kind"]}` wants both. The parser replaces the whole object
# by what the reference leads to, whatever `schemaFormat` says, and tells nothing: a tagged variant
# whose tag stands beside the reference to its fields loses its tag in everything that is made from
# the parsed document. In an `allOf` both stay.
#
# It prints two lines and ends with 0 while that holds:
#     beside a $ref: required is lost, 0 errors
#     in an allOf: required is kept, 0 errors
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-fund --no-audit @asyncapi/parser@3.6.6
cat >look.mjs <<'JAVASCRIPT'
import { Parser } from '@asyncapi/parser';

const CARD = { $ref: '#/components/schemas/Card' };
const look = async (name, card, expected) => {
  const source = {
    asyncapi: '3.0.0',
    info: { title: 'look', version: '1.0.0' },
    channels: { paid: { address: 'paid', messages: { paid: { $ref: '#/components/messages/paid' } } } },
    components: {
      messages: { paid: { payload: {
        schemaFormat: 'application/schema+json;version=2020-12',
        schema: { type: 'object', properties: { card } },
      } } },
      schemas: { Card: { type: 'object', properties: { number: { type: 'string' } } } },
    },
  };
  const { document, diagnostics } = await new Parser().parse(JSON.stringify(source));
  const errors = diagnostics.filter(({ severity }) => severity === 0).length;
  const found = JSON.stringify(document.json().components.messages.paid.payload).includes('"required"');
  console.log(`${name}: required is ${found ? 'kept' : 'lost'}, ${errors} errors`);
  if (found !== expected || errors > 0) process.exitCode = 1;
};
await look('beside a $ref', { ...CARD, required: ['kind'] }, false);
await look('in an allOf', { allOf: [CARD, { required: ['kind'] }] }, true);
JAVASCRIPT
node look.mjs
