// Opens the pages in a browser, and tries on them what `check` says.
import { chromium } from 'playwright-core';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { accessibility } from './accessibility.mjs';
import { keyboard, links, search, theme } from './behaviour.mjs';
import { picture } from './picture.mjs';
import { work } from './work.mjs';

const [executablePath, folder, ...options] = process.argv.slice(2);
const wide = { width: 1400, height: 1000 };
const narrow = { width: 390, height: 844 };

const browser = await chromium.launch({
  executablePath,
  // In a container there is nothing to build a sandbox of, and the pages are our own.
  args: ['--no-sandbox', '--disable-dev-shm-usage', '--force-color-profile=srgb'],
});

// Gives a page to a test, which fails if the page fetches anything or the browser complains of it.
const opened = async (count, options, test) => {
  const context = await browser.newContext({ viewport: wide, ...options });
  const page = await context.newPage();
  const url = `file://${join(folder, `${count}.html`)}`;
  const complaints = [];
  page.on('console', message => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', error => complaints.push(String(error)));
  page.on('request', request => {
    const asked = request.url().split('#')[0];
    if (asked !== url && asked !== 'data:,') complaints.push(`it asks for ${asked}`);
  });
  try {
    await page.goto(url);
    await test(page, url);
    if (complaints.length > 0) throw new Error(complaints.join('\n'));
  } finally {
    await context.close();
  }
};

let failed = 0;
const tried = async (title, count, options, test) => {
  try {
    await opened(count, options, test);
    console.log(`ok      ${count}: ${title}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${count}: ${title}\n${error.stack}`);
  }
};

const axe = await readFile(join(folder, 'node_modules/axe-core/axe.min.js'), 'utf8');
for (const count of [3, 30, 100]) {
  await tried('search', count, {}, search);
  await tried('keyboard', count, {}, keyboard);
  await tried('links', count, {}, links);
}
await tried('light and dark', 30, {}, theme);
for (const count of [3, 30, 100, 300, 1000]) {
  await tried('picture', count, {}, picture);
}
await tried('picture, narrow', 100, { viewport: narrow }, picture);
for (const colorScheme of ['light', 'dark']) {
  for (const viewport of [wide, narrow]) {
    await tried(`accessibility, ${colorScheme}, ${viewport.width} pixels wide`, 30, { colorScheme, viewport },
      page => accessibility(page, axe));
  }
}
await tried('without its script', 30, { javaScriptEnabled: false }, async page => {
  const shown = await page.locator('article.message').first().isVisible();
  if (!shown) throw new Error('a message is not shown where scripts are off');
});
await tried('work', 1000, {}, work);

// Looked at by people: nothing compares them.
for (const count of options.includes('--screenshots') ? [3, 30, 300] : []) {
  for (const colorScheme of ['light', 'dark']) {
    for (const [name, viewport] of [['wide', wide], ['narrow', narrow]]) {
      await tried(`screenshots, ${colorScheme}, ${name}`, count, { colorScheme, viewport }, async page => {
        const path = part => join(folder, `${count}-${part}-${colorScheme}-${name}.png`);
        await page.screenshot({ path: path('overview'), fullPage: true });
        const links = page.locator('#messages a');
        const versioned = links.filter({ hasText: 'v2' });
        await (await versioned.count() > 0 ? versioned : links).first().click();
        await page.screenshot({ path: path('message'), fullPage: true });
      });
    }
  }
}
await browser.close();
if (failed > 0) {
  console.log(`${failed} failed`);
  process.exit(1);
}
