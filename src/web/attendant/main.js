// SPDX-License-Identifier: MIT
// The attendant's page: how many places are free, told by pressing. The link's fragment is the key; the server never sees it in an
// address, and whoever revokes the link ends it.

import { h, fill } from '../office/dom.js';
import { t, english, choose, mark } from '../office/i18n.js';
import { get, setBearer, Problem } from '../office/api.js';
import { band } from '../office/words.js';
import { clock } from '../office/time.js';
import { Queue } from './queue.js';

const LOOK_MS = 30000;
const BANDS = ['full', 'few', 'some', 'plenty'];
const KEY = 'parkd-attendant';

let lot = null; // as the server says
let queue = null;
let news = null; // { tone, text } of the last press
let over = false;
const parts = {};

function tokenOf() {
  const given = location.hash.slice(1);
  try {
    if (given) localStorage.setItem(KEY, given);
    return given || localStorage.getItem(KEY) || '';
  } catch {
    return given; // storage is switched off
  }
}

// --- what is shown ---

function shownNumber() {
  const ahead = queue.ahead(lot?.free ?? null);
  const word = queue.waiting ? queue.lastBand() : null;
  if (ahead !== null) return [String(ahead), false];
  const level = word ?? (lot && lot.band !== 'unknown' ? lot.band : null);
  return level ? [band(level), true] : ['–', false];
}

function sentLine() {
  if (queue.waiting) {
    const n = queue.waiting;
    return queue.failures ? ['warn', t(`未送达 ${n} 条，正在重发；可以继续上报`, `${n} not sent yet, trying again; go on as usual`)] : ['', t('正在发送…', 'Sending…')];
  }
  if (news) return [news.tone, news.text];
  if (!lot?.observed_at) return ['warn', t('还没有上报过，请先报一个数或选一档', 'Nothing reported yet: give a number or choose a level')];
  if (lot.freshness === 'fresh' || lot.freshness === 'late') return ['good', t(`上次上报 ${clock(lot.observed_at)}`, `Last report ${clock(lot.observed_at)}`)];
  return ['warn', t(`上次上报 ${clock(lot.observed_at)}，已经过时，请重新上报`, `Last report ${clock(lot.observed_at)}: too old, report again`)];
}

function draw() {
  if (over) return;
  const [text, isWord] = shownNumber();
  parts.number.textContent = text;
  parts.number.className = isWord ? 'word' : '';
  parts.of.textContent = lot?.total ? t(`空位，共 ${lot.total} 个`, `free of ${lot.total}`) : t('空位', 'free');
  const [tone, words] = sentLine();
  parts.sent.className = `sent ${tone}`;
  parts.sent.textContent = words;
  const number = queue.ahead(lot?.free ?? null);
  parts.steps.forEach((button) => { button.disabled = number === null; });
  parts.until.textContent = !queue.waiting && lot?.valid_until && lot.freshness !== 'offline' && lot.freshness !== 'stale' ? t(`请在 ${clock(lot.valid_until)} 前再报一次`, `Report again before ${clock(lot.valid_until)}`) : '';
}

function end() {
  over = true;
  fill(document.querySelector('main'), h('div', { class: 'away', role: 'alert' }, h('p', null, h('b', null, t('这个链接已经失效', 'This link does not work any more'))),
    h('p', null, t('请向停车场管理人员要一个新的链接。', 'Ask whoever runs the car park for a new one.'))));
}

// --- what is pressed ---

function press(message) {
  news = null;
  queue.add(message);
}

function step(delta) {
  const button = h('button', { type: 'button' }, h('b', { 'aria-hidden': 'true' }, delta > 0 ? '+1' : '−1'),
    h('span', null, delta > 0 ? t('开走一辆', 'a car left') : t('开来一辆', 'a car came')));
  button.addEventListener('click', () => press({ delta }));
  return button;
}

function exact() {
  const input = h('input', { id: 'exact', type: 'text', inputmode: 'numeric', pattern: '[0-9]*', maxlength: 5, autocomplete: 'off', enterkeyhint: 'send' });
  const form = h('form', { class: 'exact', novalidate: true }, h('label', { for: 'exact' }, t('现在的空位数', 'Free places now')), input, h('button', { type: 'submit', class: 'main' }, t('上报', 'Report')));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const text = input.value.trim().replace(/[０-９]/g, (digit) => String.fromCharCode(digit.charCodeAt(0) - 0xfee0));
    const free = /^\d{1,5}$/.test(text) ? Number(text) : -1;
    const wrong = free < 0 ? t('请填一个整数', 'Give a whole number') : lot?.total && free > lot.total ? t(`最多 ${lot.total}`, `At most ${lot.total}`) : '';
    input.setAttribute('aria-invalid', String(Boolean(wrong)));
    if (wrong) {
      news = { tone: 'bad', text: wrong };
      draw();
      input.focus();
      return;
    }
    input.value = '';
    input.blur();
    press({ free });
  });
  return form;
}

function bands() {
  return h('div', { class: 'bands' }, BANDS.map((level) => {
    const button = h('button', { type: 'button' }, band(level));
    button.addEventListener('click', () => press({ band: level }));
    return button;
  }));
}

function language() {
  const button = h('button', { type: 'button', class: 'plain', lang: english() ? 'zh-CN' : 'en' }, english() ? '中文' : 'English');
  button.addEventListener('click', () => {
    choose(english() ? 'zh' : 'en');
    news = null; // it was said in the other language
    build();
  });
  return button;
}

function build() {
  mark();
  parts.number = h('output', { 'aria-live': 'polite' });
  parts.of = h('p');
  parts.sent = h('p', { class: 'sent', role: 'status' });
  parts.until = h('p', { class: 'soft small' });
  parts.steps = [step(-1), step(1)];
  parts.name = h('h1', null, lot?.name ?? t('空位上报', 'Free places'));
  document.title = parts.name.textContent;
  fill(document.body, h('header', { class: 'top' }, parts.name, language()),
    h('main', null, h('div', { class: 'now' }, parts.number, parts.of, parts.until), parts.sent, h('div', { class: 'steps2' }, parts.steps), exact(),
      h('section', null, h('h2', null, t('数不清时，选一档', 'Too many to count? Choose a level')), bands())));
  if (over) end();
  else draw();
}

// --- talking to the server ---

async function look() {
  try {
    lot = await get('/v1/attendant', { signing: true, waitMs: 12000 });
    if (parts.name.textContent !== lot.name) parts.name.textContent = document.title = lot.name;
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    if (problem.status === 401 || problem.status === 404) {
      end();
      return;
    }
    if (!lot && !queue.waiting) news = { tone: 'warn', text: t('暂时连不上，上报会先存在手机里', 'No connection now; what you report is kept in this phone') };
  }
  draw();
}

function begin() {
  const token = tokenOf();
  setBearer(token);
  queue = new Queue(`${KEY}-${token.split('_')[1] ?? ''}`, {
    changed: draw,
    answered: (answer) => {
      lot = answer;
      news = { tone: 'good', text: t(`已送达 ${clock(Date.now())}`, `Sent ${clock(Date.now())}`) };
    },
    refused: (problem) => {
      news = { tone: 'bad', text: problem ? problem.detail || problem.title : t('有一条上报超过一小时没有送达，已作废，请重新上报', 'A report could not be sent for an hour and is void: report again') };
    },
    gone: end,
  });
  build();
  if (!token) {
    end();
    return;
  }
  look();
  queue.send();
  addEventListener('online', () => queue.send());
  document.addEventListener('visibilitychange', () => {
    if (document.hidden || over) return;
    look();
    queue.send();
  });
  setInterval(() => { if (!document.hidden && !over && !queue.waiting) look(); }, LOOK_MS);
}

begin();
