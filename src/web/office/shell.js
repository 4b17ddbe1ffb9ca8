// SPDX-License-Identifier: MIT
// The frame around the views: head, navigation, language, signing in and out.

import { h, s, fill, button, say } from './dom.js';
import { t, english, choose, mark } from './i18n.js';
import { del, get, setCsrf, whenSignedOut } from './api.js';
import { setRoutes, show } from './router.js';
import { signIn, newPassword } from './sign.js';

let app = null;
let session = null;

export const who = () => session;
export const may = (role) => {
  const order = ['viewer', 'officer', 'admin'];
  return order.indexOf(session?.role) >= order.indexOf(role);
};

function logo() {
  return s('svg', { viewBox: '0 0 16 16', 'aria-hidden': 'true' }, s('rect', { width: 16, height: 16, rx: 3.5, fill: 'var(--accent)' }),
    s('path', { d: 'M5 3h4a3.5 3.5 0 010 7H7.2v3H5zm2.2 2v3h1.6a1.5 1.5 0 000-3z', fill: 'var(--on-accent)' }));
}

function languageButton() {
  const node = h('button', { type: 'button', class: 'plain', lang: english() ? 'zh-CN' : 'en' }, english() ? '中文' : 'English');
  node.addEventListener('click', () => {
    choose(english() ? 'zh' : 'en');
    draw();
  });
  return node;
}

function head(signedIn) {
  const menu = h('button', { type: 'button', class: 'plain menu-button', 'aria-expanded': 'false', 'aria-controls': 'nav' }, t('菜单', 'Menu'));
  menu.addEventListener('click', () => {
    const nav = document.getElementById('nav');
    nav.hidden = !nav.hidden;
    menu.setAttribute('aria-expanded', String(!nav.hidden));
  });
  return h('header', { class: 'head' }, h('a', { class: 'brand', href: '#/' }, logo(), h('span', null, app.title())), languageButton(), signedIn ? menu : null);
}

function nav() {
  const node = h('nav', { class: 'nav', id: 'nav', 'aria-label': t('栏目', 'Sections'), hidden: true },
    app.nav().filter(Boolean).map(([path, word]) => h('a', { href: `#/${path}` }, word)),
    h('hr'), session.account === 'local' ? null : h('a', { href: '#/me' }, session.name || session.account),
    button(t('退出登录', 'Sign out'), signOut, 'plain'));
  node.addEventListener('click', (event) => {
    if (event.target.closest('a') && !matchMedia('(min-width: 64rem)').matches) {
      node.hidden = true;
      document.querySelector('.menu-button').setAttribute('aria-expanded', 'false');
    }
  });
  return node;
}

async function signOut() {
  await del('/v1/session').catch(() => {});
  session = null;
  setCsrf(null);
  location.hash = '#/';
  draw();
  say(t('已退出登录', 'Signed out'));
}

function take(answer) {
  session = answer.role === 'nobody' ? null : answer;
  setCsrf(session?.csrf ?? null);
}

function gate(content) {
  fill(document.body, h('div', { class: 'frame' }, head(false), h('main', { id: 'main' }, content)), toasts());
  document.title = app.title();
}

const toasts = () => h('div', { id: 'toasts', class: 'toasts', role: 'status', 'aria-live': 'polite' });

function draw() {
  mark();
  const link = /^#link=(.+)$/.exec(location.hash)?.[1];
  const begun = (answer) => {
    take(answer);
    if (location.hash.startsWith('#link=')) history.replaceState(null, '', location.pathname);
    draw();
  };
  if (link) return gate(newPassword(decodeURIComponent(link), begun));
  if (!session) return gate(signIn(begun, app.hint()));
  if (!app.welcome(session)) return gate(h('div', { class: 'narrow stack' }, h('h1', null, t('这里不是您的页面', 'This page is not for you')),
    h('p', null, app.elsewhere()), h('div', { class: 'row' }, button(t('退出登录', 'Sign out'), signOut))));
  const main = h('main', { id: 'main', tabindex: '-1' });
  fill(document.body, h('a', { class: 'skip', href: '#main', onclick: (event) => { event.preventDefault(); main.focus(); } }, t('跳到内容', 'Skip to the content')),
    h('div', { class: 'frame' }, head(true), nav(), main), toasts());
  setRoutes(app.routes(), main, app.title());
  return show();
}

// app: { title(), nav(), routes(), welcome(session), hint(), elsewhere() }
export async function start(what) {
  app = what;
  mark();
  try {
    take(await get('/v1/session', { signing: true }));
  } catch { /* the sign-in says what is wrong */ }
  whenSignedOut(() => {
    if (!session) return;
    session = null;
    setCsrf(null);
    draw();
    say(t('登录已过期，请重新登录', 'The session is over; sign in again'));
  });
  addEventListener('hashchange', () => {
    if (location.hash.startsWith('#link=')) draw();
    else if (session && document.getElementById('nav')) show();
  });
  draw();
}
