// What a screen reader, a keyboard and weak eyes need, by axe-core's rules, and a page no wider than a phone.
import assert from 'node:assert/strict';

export const accessibility = async (page, axe) => {
  const judged = async place => {
    // As the browser's own tools do: the page lets no script in.
    await page.evaluate(axe);
    const violations = await page.evaluate(async () => {
      const { violations } = await globalThis.axe.run(document, { resultTypes: ['violations'] });
      return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.slice(0, 3).map(node => `${node.target} ${node.failureSummary}`).join('; ')}`);
    });
    assert.deepEqual(violations, [], place);
    const width = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    assert.ok(width[0] <= width[1], `${place} is ${width[0]} pixels wide, and the window ${width[1]}`);
  };
  await judged('overview');
  const messages = page.locator('#messages a', { hasText: 'v2' });
  await messages.first().click();
  await page.locator('article.current details').evaluateAll(all => all.forEach(one => { one.open = true; }));
  await judged('an event of two versions');
  await page.locator('#messages a', { hasText: 'find-' }).first().click();
  await judged('a request');
};
