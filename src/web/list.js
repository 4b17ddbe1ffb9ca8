// SPDX-License-Identifier: MIT
// Keeps the list that the server rendered up to date: asks every five seconds, changes what changed, and takes a number
// away the moment it is no longer valid, also without a network. Text goes in by textContent only.
const EVERY_MS = 5000;
const list = document.getElementById('lots');
const words = list.dataset;
const english = document.documentElement.lang === 'en';
const state = document.getElementById('state');
let skew = Number(words.asOf) - Date.now(); // the server's clock counts, not the visitor's
let etag = null;

const now = () => Date.now() + skew;
const by = (row, name) => row.querySelector(`.${name}`);

function put(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function make(tag, cls, parent) {
  const node = document.createElement(tag);
  if (cls) node.className = cls;
  parent.append(node);
  return node;
}

function makeRow(id) {
  const row = document.createElement('li');
  row.dataset.id = id;
  row.className = 'lot unknown';
  make('h2', '', row);
  make('p', 'where', row);
  make('p', 'free', row);
  const band = make('p', 'band', row);
  make('span', 'shape', band).setAttribute('aria-hidden', 'true');
  make('span', 'word', band);
  band.append(' ');
  make('small', 'sub', band).lang = 'en';
  make('time', '', make('p', 'age', row));
  return row;
}

function ageText(ms) {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 60) return words.s.replace('{}', s);
  if (s < 3600) return words.min.replace('{}', Math.floor(s / 60));
  if (s < 172800) return words.h.replace('{}', Math.floor(s / 3600));
  return words.d.replace('{}', Math.floor(s / 86400));
}

function showBand(row, kind) {
  row.className = `lot ${kind === 'never' ? 'unknown' : kind}`;
  put(by(row, 'word'), words[kind]);
  put(by(row, 'sub'), words[`${kind}Sub`]);
}

// The number, the total and what the number last was; `free` null is unknown, never nought.
function showFree(row, free, total, last) {
  const box = by(row, 'free');
  const key = `${free}/${total}/${last}`;
  if (row.dataset.free === key) return;
  row.dataset.free = key;
  row.dataset.total = total ?? '';
  box.replaceChildren();
  make('b', '', box).textContent = free ?? '–';
  if (total != null) make('span', '', box).textContent = ` / ${total}`;
  if (last != null) make('s', '', box).textContent = `${words.last} ${last}`;
}

function showTime(row) {
  const observed = Number(row.dataset.observed);
  put(by(row, 'age').firstElementChild, observed ? ageText(now() - observed) : '');
  const until = Number(row.dataset.until);
  if (!until || now() <= until) return;
  const number = by(row, 'free').querySelector('b').textContent;
  row.dataset.until = '';
  showFree(row, null, row.dataset.total || null, /^\d+$/.test(number) ? number : null);
  showBand(row, 'unknown');
}

function bandOf(lot) {
  if (!lot.observed_at) return 'never';
  return lot.status === 'closed' ? 'closed' : lot.band;
}

function showName(row, lot) {
  const title = english && lot.name_en ? lot.name_en : lot.name;
  const head = row.querySelector('h2');
  const other = english ? '' : lot.name_en ?? '';
  if (head.textContent !== title + other) {
    head.textContent = title;
    if (other) {
      const small = make('small', '', head);
      small.lang = 'en';
      small.textContent = other;
    }
  }
  put(by(row, 'where'), [lot.area, lot.address].filter(Boolean).join(' · '));
}

function showLot(row, lot) {
  showName(row, lot);
  showFree(row, lot.status === 'closed' ? null : lot.free, lot.open ?? lot.total, lot.last_known?.free);
  showBand(row, bandOf(lot));
  row.dataset.observed = lot.observed_at ? Date.parse(lot.observed_at) : '';
  row.dataset.until = lot.valid_until ? Date.parse(lot.valid_until) : '';
  const time = by(row, 'age').firstElementChild;
  if (lot.observed_at) time.dateTime = lot.observed_at;
  showTime(row);
}

function showAll(answer) {
  const rows = new Map([...list.children].map((row) => [row.dataset.id, row]));
  const silent = (lot) => (lot.freshness === 'offline' ? 1 : 0);
  const lots = answer.lots.sort((a, b) => silent(a) - silent(b)); // stable: the server's order within
  lots.forEach((lot, i) => {
    const row = rows.get(lot.id) ?? makeRow(lot.id);
    rows.delete(lot.id);
    showLot(row, lot);
    if (list.children[i] !== row) list.insertBefore(row, list.children[i] ?? null);
  });
  rows.forEach((row) => row.remove());
  if (!lots.length) list.replaceChildren();
  const known = lots.filter((lot) => lot.free !== null || lot.band !== 'unknown').length;
  put(document.getElementById('count'), words.count.replace('{}', lots.length).replace('{}', known));
}

function showAsOf(iso) {
  const time = document.getElementById('as-of');
  time.dateTime = iso;
  put(time, new Intl.DateTimeFormat(document.documentElement.lang, {
    timeZone: 'Asia/Shanghai', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23',
  }).format(new Date(iso)));
}

async function refresh() {
  try {
    const res = await fetch('/v1/lots', { cache: 'no-cache', signal: AbortSignal.timeout(10000) });
    if (!res.ok) throw new Error(String(res.status));
    if (res.headers.get('etag') !== etag || !etag) {
      const answer = await res.json();
      skew = Date.parse(answer.as_of) - Date.now();
      showAll(answer);
      showAsOf(answer.as_of);
      etag = res.headers.get('etag');
    }
    put(state, '');
  } catch {
    put(state, state.dataset.offline.replace('{}', document.getElementById('as-of').textContent));
  }
}

async function run() {
  if (!document.hidden) await refresh();
  setTimeout(run, EVERY_MS);
}

setInterval(() => [...list.children].forEach(showTime), 1000);
document.addEventListener('visibilitychange', () => { if (!document.hidden) refresh(); });
setTimeout(run, EVERY_MS);
