// SPDX-License-Identifier: MIT
// Views by the address's fragment: #/lots/370302001101. One view is shown at a time; what comes late for a view that was
// left is dropped.

import { h, fill } from './dom.js';
import { t } from './i18n.js';
import { Problem } from './api.js';

let routes = [];
let main = null;
let brand = '';
let turn = 0;
let leaving = [];

// pattern: 'lots/{}'; view(args, page) gives { title, lead, actions, back, body } or a promise of it.
export function setRoutes(list, into, title) {
  routes = list.map(([pattern, view]) => ({ pattern: pattern.split('/').filter(Boolean), view }));
  main = into;
  brand = title;
}

function match(parts) {
  for (const { pattern, view } of routes) {
    if (pattern.length === parts.length && pattern.every((word, i) => word === '{}' || word === parts[i])) {
      return { view, args: parts.filter((_, i) => pattern[i] === '{}') };
    }
  }
  return null;
}

const here = () => location.hash.replace(/^#\/?/, '').split('?')[0];
export const asked = () => new URLSearchParams(location.hash.split('?')[1] ?? '');
export function go(path) {
  if (location.hash === `#/${path}`) show();
  else location.hash = `#/${path}`;
}

export function trouble(error) {
  if (!(error instanceof Problem)) console.error(error);
  const problem = error instanceof Problem ? error : new Problem(500, { title: t('页面出错了', 'The page failed'), detail: String(error) });
  return h('div', { class: 'note bad', role: 'alert' }, h('p', null, h('b', null, problem.title)), problem.detail && problem.detail !== problem.title ? h('p', null, problem.detail) : null);
}

function head(view) {
  return [
    view.back ? h('a', { class: 'back', href: `#/${view.back[0]}` }, `‹ ${view.back[1]}`) : null,
    h('div', { class: 'title' },
      h('div', null, h('h1', { tabindex: '-1' }, view.title, view.mark ? [' ', view.mark] : null), view.lead ? h('p', { class: 'lead' }, view.lead) : null),
      view.actions ? h('div', { class: 'row no-print' }, view.actions) : null),
  ];
}

function markNav() {
  const first = here().split('/')[0];
  document.querySelectorAll('nav a[href^="#/"]').forEach((a) => {
    if (a.getAttribute('href').slice(2).split('/')[0] === first) a.setAttribute('aria-current', 'page');
    else a.removeAttribute('aria-current');
  });
}

// Where the focus is and what is unfolded, by place: a view that is drawn again has the same places.
function keep() {
  const trail = [];
  for (let node = document.activeElement; main.contains(node) && node !== main; node = node.parentElement) trail.unshift([...node.parentElement.children].indexOf(node));
  const open = [...main.querySelectorAll('details')].map((one) => one.open);
  return () => {
    [...main.querySelectorAll('details')].forEach((one, i) => { one.open = open[i] ?? one.open; });
    if (trail.length) trail.reduce((node, i) => node?.children[i], main)?.focus({ preventScroll: true });
  };
}

// again: the same view is drawn anew, without moving the focus.
export async function show(again = false) {
  const mine = ++turn;
  leaving.splice(0).forEach((work) => work());
  const parts = here().split('/').filter(Boolean).map(decodeURIComponent);
  const found = match(parts);
  markNav();
  if (!again) fill(main, h('p', { class: 'loading', role: 'status' }, t('正在读取…', 'Reading…')));
  let view;
  try {
    view = found ? await found.view(found.args, page(mine)) : { title: t('没有这一页', 'No such page'), body: h('p', null, h('a', { href: '#/' }, t('回首页', 'To the start'))) };
  } catch (error) {
    view = { title: t('没有成功', 'That did not work'), body: trouble(error) };
  }
  if (mine !== turn) return;
  const back = again ? keep() : null;
  fill(main, head(view), view.body);
  back?.();
  document.title = `${view.title} · ${brand}`;
  if (again) return;
  main.querySelector('h1').focus({ preventScroll: true });
  scrollTo(0, 0);
}

// What a view may use while it is shown.
function page(mine) {
  const live = () => mine === turn;
  return {
    live,
    onLeave: (work) => { if (live()) leaving.push(work); else work(); },
    // Calls work again and again while the view is shown, somebody looks, and no dialog is open.
    every: (ms, work) => {
      const timer = setInterval(() => { if (live() && !document.hidden && !document.querySelector('dialog')) work().catch(() => {}); }, ms);
      leaving.push(() => clearInterval(timer));
    },
  };
}

export const refresh = () => show(true);
