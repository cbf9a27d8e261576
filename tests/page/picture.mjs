// Whether the picture can be read.
import assert from 'node:assert/strict';

export const picture = async page => {
  const { boxes, crossed, texts, size, headings } = await page.evaluate(() => {
    const svg = document.querySelector('svg.flow');
    const of = one => {
      const { left, top, right, bottom } = one.getBoundingClientRect();
      return { left, top, right, bottom };
    };
    const nodes = Array.from(svg.querySelectorAll('.node'));
    const boxes = nodes.map(node => ({ name: node.querySelector('text').textContent, ...of(node.querySelector('rect')) }));
    const texts = nodes.map(node => ({ name: node.querySelector('text').textContent, ...of(node.querySelector('text')) }));
    // Points of each line, and the boxes that they are in, but for those at its ends.
    const crossed = [];
    const matrix = svg.querySelector('path') && svg.querySelector('path').getScreenCTM();
    for (const path of svg.querySelectorAll('path')) {
      const length = path.getTotalLength();
      for (let at = 4; at < length - 4; at += 3) {
        const { x, y } = path.getPointAtLength(at).matrixTransform(matrix);
        const inside = boxes.find(box => x > box.left + 1 && x < box.right - 1 && y > box.top + 1 && y < box.bottom - 1);
        if (inside) crossed.push(`${inside.name} by ${path.getAttribute('d')}`);
      }
    }
    const size = parseFloat(getComputedStyle(nodes[0].querySelector('text')).fontSize)
      * svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
    const headings = Array.from(svg.querySelectorAll('.heading'), of);
    return { boxes, crossed, texts, size, headings };
  });
  assert.ok(boxes.length > 0);
  assert.deepEqual(overlaps(boxes), [], 'boxes overlap');
  assert.deepEqual(overlaps([...headings.map(one => ({ name: 'heading', ...one })), ...boxes]), [], 'a heading overlaps');
  assert.deepEqual([...new Set(crossed)], [], 'a line goes through a box');
  texts.forEach((text, at) => assert.ok(
    text.left >= boxes[at].left && text.right <= boxes[at].right, `${text.name} is wider than its box`));
  assert.ok(size >= 10, `letters are ${size} pixels high`);
  assert.ok(boxes.length <= 80, `${boxes.length} boxes are too many for a look`);

  // What a box has to do with is lit by pointing at it, and by the focus.
  const node = page.locator('svg.flow a.stream').first();
  const lit = () => page.evaluate(() => [
    document.querySelectorAll('svg.flow path.on').length,
    document.querySelectorAll('svg.flow .node.on').length,
    document.querySelectorAll('svg.flow .node:not(.on)').length,
  ]);
  await node.hover();
  const hovered = await lit();
  assert.ok(hovered[0] > 0 && hovered[1] > 1, hovered.join());
  await page.mouse.move(5, 500);
  assert.deepEqual((await lit()).slice(0, 2), [0, 0]);
  await node.focus();
  assert.deepEqual(await lit(), hovered);
};

const overlaps = boxes => boxes.flatMap((one, at) => boxes.slice(at + 1)
  .filter(other => one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom)
  .map(other => `${one.name} and ${other.name}`));
