// What the browser has to do for 1,000 messages: counted, since a time is of the machine.
import assert from 'node:assert/strict';

// The most changes of the document by the script that opens it.
const OPENING = 20;

export const work = async page => {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  const metrics = async () => Object.fromEntries((await session.send('Performance.getMetrics')).metrics.map(one => [one.name, one.value]));
  const rounds = 5;
  const times = { open: [], filter: [], clear: [] };
  for (let round = 0; round < rounds; round += 1) {
    const before = await metrics();
    await page.reload();
    const after = await metrics();
    times.open.push((after.ScriptDuration - before.ScriptDuration) * 1000);
  }
  const filter = async text => {
    const before = await metrics();
    await page.evaluate(text => {
      const search = document.getElementById('search');
      search.value = text;
      search.dispatchEvent(new Event('input', { bubbles: true }));
    }, text);
    return ((await metrics()).ScriptDuration - before.ScriptDuration) * 1000;
  };
  for (let round = 0; round < rounds; round += 1) {
    times.filter.push(await filter('payments currency'));
    times.clear.push(await filter(''));
  }
  const middle = list => list.sort((a, b) => a - b)[Math.floor(list.length / 2)].toFixed(1);

  const items = await page.locator('#messages li').count();
  // A parser's work is no change of an attribute: those are the script's.
  await page.addInitScript(() => {
    globalThis.changes = 0;
    new MutationObserver(list => { globalThis.changes += list.length; })
      .observe(document, { subtree: true, attributes: true });
  });
  await page.reload();
  const opened = await page.evaluate(() => globalThis.changes);
  await filter('payments currency');
  const filtered = (await page.evaluate(() => globalThis.changes)) - opened;
  const size = (await page.evaluate(() => document.documentElement.outerHTML.length)) / 1e6;
  const elements = await page.evaluate(() => document.getElementsByTagName('*').length);
  console.log(`        ${items} messages, ${elements} elements, ${size.toFixed(1)} MB; script time in ms: `
    + `opening ${middle(times.open)}, filtering ${middle(times.filter)}, clearing ${middle(times.clear)}; `
    + `changes of the document: opening ${opened}, filtering ${filtered}`);
  assert.ok(opened <= OPENING, `opening changes the document ${opened} times`);
  assert.ok(filtered > 0 && filtered <= items + 100, `filtering changes the document ${filtered} times`);
  assert.equal(await page.locator('#messages li:visible').count() > 0, true);
};
