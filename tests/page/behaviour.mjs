// What the page does when it is used.
import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';

const shown = page => page.locator('#messages li:visible').count();
const found = page => page.locator('#found').textContent();
const state = page => page.evaluate(() => ({
  active: document.activeElement.id || document.activeElement.getAttribute('href') || document.activeElement.tagName,
  hash: location.hash,
  current: document.querySelector('main > .current').id,
  visible: Array.from(document.querySelectorAll('main > *'), one => one.offsetParent && one.id).filter(Boolean),
}));

// A browser follows a link in a while of its own: asks again until the page is in this state.
const reaches = async (page, key, expected, why) => {
  const end = Date.now() + 5000;
  for (;;) {
    const now = (await state(page))[key];
    if (isDeepStrictEqual(now, expected) || Date.now() > end) return assert.deepEqual(now, expected, why);
    await page.evaluate(() => new Promise(done => { requestAnimationFrame(done); }));
  }
};

export const search = async page => {
  const all = await page.locator('article.message').count();
  assert.equal(await shown(page), all);
  const box = page.getByRole('searchbox', { name: 'Search', exact: true });

  // A name, a field, a stream, a service: what has it is told from the messages themselves.
  for (const text of ['orders.placed', 'AMOUNT_CENTS', 'orders  placed', 'warehouse', 'find-', 'currency']) {
    await box.fill(text);
    const words = text.toLowerCase().split(/\s+/);
    const expected = await page.evaluate(words => Array.from(document.querySelectorAll('article.message'))
      .filter(one => words.every(word => one.textContent.toLowerCase().includes(word))).length, words);
    assert.equal(await shown(page), expected, text);
    assert.equal(await found(page), `${expected} of ${all} messages`, text);
  }
  await box.fill('no such message');
  assert.equal(await shown(page), 0);
  assert.equal(await page.locator('#messages section:visible').count(), 0, 'no heading without a message');
  await box.fill('');
  assert.equal(await shown(page), all);
  assert.equal(await found(page), `${all} messages`);
};

export const keyboard = async page => {
  const hrefs = await page.locator('#messages a').evaluateAll(all => all.map(one => one.getAttribute('href')));
  const press = (...keys) => keys.reduce((before, key) => before.then(() => page.keyboard.press(key)), Promise.resolve());

  await press('/');
  await reaches(page, 'active', 'search', '/ goes to the search, and is not typed');
  assert.equal(await page.locator('#search').inputValue(), '');
  await press('ArrowDown');
  await reaches(page, 'active', hrefs[0]);
  await press('ArrowDown', 'ArrowDown', 'ArrowUp');
  await reaches(page, 'active', hrefs[1]);
  await press('Enter');
  await reaches(page, 'hash', hrefs[1]);
  await reaches(page, 'visible', [hrefs[1].slice(1)], 'one message at a time');
  await reaches(page, 'active', hrefs[1].slice(1), 'the message has the focus');
  assert.equal(await page.locator('#messages [aria-current]').getAttribute('href'), hrefs[1]);

  // Back, and a slash in a search is one.
  await press('Escape');
  await reaches(page, 'visible', ['overview']);
  await press('/', '/');
  assert.equal(await page.locator('#search').inputValue(), '/');
  await press('Escape');
  assert.equal(await page.locator('#search').inputValue(), '');
  await reaches(page, 'active', 'search');

  // What is not found is not gone to.
  await page.keyboard.type(hrefs[2].replace('#message-', ''));
  await press('ArrowDown');
  await reaches(page, 'active', hrefs[2]);
  await press('ArrowDown', 'ArrowUp');
  await reaches(page, 'active', 'search');
  await press('Enter');
  await reaches(page, 'visible', [hrefs[2].slice(1)]);
  await page.goBack();
  await reaches(page, 'visible', ['overview']);
};

export const links = async (page, url) => {
  const broken = await page.evaluate(() => Array.from(document.querySelectorAll('a'), one => one.getAttribute('href'))
    .filter(href => !href.startsWith('#search=') && !(href.startsWith('#') && document.getElementById(href.slice(1)))));
  assert.deepEqual(broken, [], 'every link leads to a place of the page');
  const twice = await page.evaluate(() => {
    const ids = Array.from(document.querySelectorAll('[id]'), one => one.id);
    return ids.filter((id, at) => ids.indexOf(id) !== at);
  });
  assert.deepEqual(twice, [], 'no id twice');

  // From a message to its stream and to a service, and to a message by its address.
  const [first] = await page.locator('article.message:has(a[href^="#stream-"])').evaluateAll(all => all.map(one => one.id));
  await page.goto(`${url}#${first}`);
  for (const place of ['stream', 'service']) {
    const link = page.locator(`#${CSS(first)} a[href^="#${place}-"]`).first();
    const href = await link.getAttribute('href');
    await link.click();
    await reaches(page, 'visible', ['overview']);
    assert.equal(await page.locator(`[id="${href.slice(1)}"]`).evaluate(one => {
      const { top } = one.getBoundingClientRect();
      return top >= 56 && top < innerHeight;
    }), true, `${href} is seen, and not under the head`);
    await page.goBack();
    await reaches(page, 'visible', [first]);
  }
  // From a box of the picture.
  await page.goto(`${url}#overview`);
  const box = page.locator('svg.flow a.message').first();
  const href = await box.getAttribute('href');
  await box.click();
  if (href.startsWith('#message-')) await reaches(page, 'visible', [href.slice(1)]);
  else await page.waitForFunction(text => document.getElementById('search').value === text, href.replace('#search=', ''));
  // An address that leads nowhere is the overview.
  await page.goto(`${url}#message-%E0%A4%A`);
  await reaches(page, 'visible', ['overview']);
};

const CSS = id => id.replaceAll('.', '\\.');

export const theme = async page => {
  const light = () => page.evaluate(() => {
    const [red, green, blue] = getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number);
    return red + green + blue > 3 * 128;
  });
  const by = scheme => page.emulateMedia({ colorScheme: scheme });
  await by('light');
  assert.equal(await light(), true);
  await by('dark');
  assert.equal(await light(), false);
  const button = page.getByRole('button', { name: 'Switch between light and dark' });
  await button.click();
  assert.equal(await light(), true, 'the switch counts more than the system');
  await page.reload();
  assert.equal(await light(), true, 'and is remembered');
  await by('light');
  await button.click();
  assert.equal(await light(), false);
};
