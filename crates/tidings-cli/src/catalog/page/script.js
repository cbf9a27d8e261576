'use strict';
(() => {
  const root = document.documentElement;
  const byId = id => document.getElementById(id);
  const [search, list, found, content, overview] =
    ['search', 'messages', 'found', 'content', 'overview'].map(byId);
  const groups = Array.from(list.children, section => ({
    section,
    items: Array.from(section.lastElementChild.children, item => ({
      item, link: item.firstElementChild, words: item.dataset.words,
    })),
  }));
  const items = groups.flatMap(group => group.items);
  const total = found.textContent;
  root.classList.add('script');

  // Searching: every word is somewhere in the message.
  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const { section, items } of groups) {
      let some = false;
      for (const one of items) {
        const shown = words.every(word => one.words.includes(word));
        if (one.item.hidden === shown) one.item.hidden = !shown;
        if (shown) { some = true; count += 1; }
      }
      if (section.hidden === some) section.hidden = !some;
    }
    found.textContent = words.length ? `${count} of ${total}` : total;
  };
  const visible = () => items.filter(one => !one.item.hidden).map(one => one.link);

  // Opening: one message at a time.
  let current = overview;
  let chosen = null;
  overview.classList.add('current');
  const show = event => {
    let hash = location.hash.slice(1);
    try { hash = decodeURIComponent(hash); } catch { /* It names nothing then. */ }
    if (hash.startsWith('search=')) {
      search.value = hash.slice(7);
      filter();
      search.focus();
      return;
    }
    const target = hash && byId(hash);
    const next = target && target.closest('article, .overview') || overview;
    if (next !== current) {
      current.classList.remove('current');
      next.classList.add('current');
      current = next;
    }
    if (chosen) chosen.removeAttribute('aria-current');
    chosen = null;
    if (next !== overview) {
      const one = items.find(one => one.link.getAttribute('href') === `#${next.id}`);
      if (one) {
        chosen = one.link;
        chosen.setAttribute('aria-current', 'page');
        if (event) chosen.scrollIntoView({ block: 'nearest' });
      }
    }
    if (target && target !== next) target.scrollIntoView();
    else if (event) scrollTo(0, 0);
    if (event) next.focus({ preventScroll: true });
  };

  search.addEventListener('input', filter);
  addEventListener('hashchange', show);
  addEventListener('keydown', event => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const active = document.activeElement;
    const inList = list.contains(active);
    if (event.key === '/' && active !== search) {
      event.preventDefault();
      search.focus();
      search.select();
    } else if (event.key === 'Escape') {
      if (search.value) {
        search.value = '';
        filter();
        search.focus();
      } else {
        search.blur();
        location.hash = 'overview';
      }
      event.preventDefault();
    } else if ((event.key === 'ArrowDown' || event.key === 'ArrowUp') && (inList || active === search)) {
      event.preventDefault();
      const links = visible();
      const at = links.indexOf(active) + (event.key === 'ArrowDown' ? 1 : -1);
      if (at < 0) search.focus();
      else if (at < links.length) links[at].focus();
    } else if (event.key === 'Enter' && active === search) {
      const [first] = visible();
      if (first) location.hash = first.getAttribute('href');
    }
  });

  // What a box of the picture has to do with.
  const flow = document.querySelector('svg.flow');
  if (flow) {
    const lines = Array.from(flow.querySelectorAll('path'));
    const nodes = Array.from(flow.querySelectorAll('.node'), node => ({
      node, lines: new Set(node.dataset.lines.split(' ').filter(Boolean)),
    }));
    const light = event => {
      const over = event.type !== 'pointerleave' && event.type !== 'focusout'
        && nodes.find(({ node }) => node.contains(event.target));
      flow.classList.toggle('lit', Boolean(over));
      lines.forEach((line, at) => line.classList.toggle('on', Boolean(over) && over.lines.has(String(at))));
      for (const { node, lines } of nodes) {
        const touches = over && (node === over.node || Array.from(lines).some(line => over.lines.has(line)));
        node.classList.toggle('on', Boolean(touches));
      }
    };
    for (const type of ['pointerover', 'pointerleave', 'focusin', 'focusout']) flow.addEventListener(type, light);
  }

  byId('theme').addEventListener('click', () => {
    const dark = root.dataset.theme
      ? root.dataset.theme === 'dark'
      : matchMedia('(prefers-color-scheme: dark)').matches;
    root.dataset.theme = dark ? 'light' : 'dark';
    try { localStorage.setItem('tidings-theme', root.dataset.theme); } catch { /* For this time only. */ }
  });

  show();
})();
