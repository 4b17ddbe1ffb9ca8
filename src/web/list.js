// SPDX-License-Identifier: MIT
// Keeps the list that the server rendered up to date, by the live stream and by asking now and then; takes a number away the moment it
// is no longer valid, also without a network; finds by name; puts the nearest first. Where somebody stands never leaves this page.
// Text goes in by textContent only.
const EVERY_MS = 5000; // without the stream
const LIVE_MS = 30000; // with it
const AWAY_MS = 60000; // a page that nobody looks at gives its stream back
const list = document.getElementById('lots');
const words = list.dataset;
const english = document.documentElement.lang === 'en';
const state = document.getElementById('state');
const find = document.getElementById('find');
const near = document.getElementById('near');
const said = document.getElementById('said');
const lots = new Map(); // as the server says
let skew = Number(words.asOf) - Date.now(); // the server's clock counts, not the visitor's
let etag = null;
let here = null; // { lng, lat }
let stream = null;
let live = false;
let asked = 0; // when the list was asked for last

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
  make('p', 'trend', row);
  make('time', '', make('p', 'age', row));
  return row;
}

// --- one row ---

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

function showTrend(row, trend) {
  put(by(row, 'trend'), trend ? `${{ filling: '↘', steady: '→', emptying: '↗' }[trend]} ${words[trend]}` : '');
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
  showTrend(row, null);
}

function bandOf(lot) {
  if (!lot.observed_at) return 'never';
  return lot.status === 'closed' ? 'closed' : lot.band;
}

function metres(m) {
  return m < 995 ? `${Math.round(m / 10) * 10} m` : `${(m / 1000).toFixed(1)} km`;
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
  const far = distance(lot);
  put(by(row, 'where'), [far < Infinity ? metres(far) : '', lot.area, lot.address].filter(Boolean).join(' · '));
}

function showLot(row, lot) {
  const kind = bandOf(lot);
  showName(row, lot);
  showFree(row, lot.status === 'closed' ? null : lot.free, lot.open ?? lot.total, lot.last_known?.free);
  showBand(row, kind);
  showTrend(row, ['never', 'unknown', 'closed'].includes(kind) ? null : lot.trend);
  row.dataset.observed = lot.observed_at ? Date.parse(lot.observed_at) : '';
  row.dataset.until = lot.valid_until ? Date.parse(lot.valid_until) : '';
  const time = by(row, 'age').firstElementChild;
  if (lot.observed_at) time.dateTime = lot.observed_at;
  showTime(row);
}

// --- order and search ---

// Metres on the sphere; without a place or a position: the end of the list.
function distance(lot) {
  if (!here || !lot.location) return Infinity;
  const rad = Math.PI / 180;
  const a = Math.sin((lot.location.lat - here.lat) * rad / 2) ** 2
    + Math.cos(here.lat * rad) * Math.cos(lot.location.lat * rad) * Math.sin((lot.location.lng - here.lng) * rad / 2) ** 2;
  return 2 * 6371008.8 * Math.asin(Math.sqrt(a));
}

const silent = (lot) => (lot.freshness === 'offline' ? 1 : 0);

function fits(lot, wanted) {
  const text = [lot.name, lot.name_en, lot.area, lot.address].filter(Boolean).join(' ').normalize('NFKC').toLowerCase();
  return wanted.every((word) => text.includes(word));
}

function search() {
  const wanted = find.value.normalize('NFKC').toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const row of list.children) {
    const lot = lots.get(row.dataset.id);
    row.hidden = Boolean(lot && wanted.length && !fits(lot, wanted));
    shown += !row.hidden;
  }
  if (wanted.length && !shown) put(said, said.dataset.nothing);
  else if (said.textContent === said.dataset.nothing) put(said, '');
}

function arrange() {
  const rows = new Map([...list.children].map((row) => [row.dataset.id, row]));
  const order = [...lots.values()].sort((a, b) => silent(a) - silent(b) || (here ? distance(a) - distance(b) || 0 : 0)); // else the server's order
  order.forEach((lot, i) => {
    const row = rows.get(lot.id) ?? makeRow(lot.id);
    rows.delete(lot.id);
    showLot(row, lot);
    if (list.children[i] !== row) list.insertBefore(row, list.children[i] ?? null);
  });
  rows.forEach((row) => row.remove());
  if (!order.length) list.replaceChildren();
  const known = order.filter((lot) => lot.free !== null || lot.band !== 'unknown').length;
  put(document.getElementById('count'), words.count.replace('{}', order.length).replace('{}', known));
  search();
}

// --- news ---

function showAsOf(iso) {
  const time = document.getElementById('as-of');
  time.dateTime = iso;
  put(time, new Intl.DateTimeFormat(document.documentElement.lang, {
    timeZone: 'Asia/Shanghai', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23',
  }).format(new Date(iso)));
}

async function refresh() {
  asked = Date.now();
  try {
    const res = await fetch('/v1/lots', { cache: 'no-cache', signal: AbortSignal.timeout(10000) });
    if (!res.ok) throw new Error(String(res.status));
    if (res.headers.get('etag') !== etag || !etag) {
      const answer = await res.json();
      skew = Date.parse(answer.as_of) - Date.now();
      lots.clear();
      answer.lots.forEach((lot) => lots.set(lot.id, lot));
      arrange();
      showAsOf(answer.as_of);
      etag = res.headers.get('etag');
    }
    put(state, '');
  } catch {
    put(state, state.dataset.offline.replace('{}', document.getElementById('as-of').textContent));
  }
}

// What moves of one lot. Its place in the list stays: nothing jumps under a finger.
function onLot(event) {
  const change = JSON.parse(event.data);
  const lot = lots.get(change.id);
  const row = [...list.children].find((one) => one.dataset.id === change.id);
  if (!lot || !row) return;
  Object.assign(lot, { last_known: undefined }, change);
  showLot(row, lot);
  showAsOf(new Date(now()).toISOString());
  etag = null; // what is held is newer than the last list
}

function listen() {
  if (stream || document.hidden || !window.EventSource) return;
  stream = new EventSource('/v1/stream');
  stream.addEventListener('open', () => { live = true; });
  stream.addEventListener('error', () => {
    live = false;
    if (stream?.readyState === EventSource.CLOSED) stream = null; // as many listen as may: ask instead
  });
  stream.addEventListener('lot', onLot);
  ['ready', 'reset', 'registered', 'removed'].forEach((kind) => stream.addEventListener(kind, refresh));
}

function hush() {
  if (document.hidden && stream) {
    stream.close();
    stream = null;
    live = false;
  }
}

async function run() {
  if (!document.hidden && Date.now() - asked >= (live ? LIVE_MS : EVERY_MS) - 500) await refresh();
  setTimeout(run, EVERY_MS);
}

// --- the person ---

function locate() {
  if (here) {
    here = null;
    near.setAttribute('aria-pressed', 'false');
    arrange();
    return;
  }
  navigator.geolocation.getCurrentPosition(({ coords }) => {
    here = { lng: coords.longitude, lat: coords.latitude };
    near.setAttribute('aria-pressed', 'true');
    put(said, '');
    arrange();
  }, () => put(said, said.dataset.denied), { timeout: 15000, maximumAge: 60000 });
}

document.getElementById('tools').hidden = false;
document.getElementById('tools').addEventListener('submit', (event) => event.preventDefault());
find.addEventListener('input', search);
near.hidden = !navigator.geolocation || !isSecureContext;
near.addEventListener('click', locate);
setInterval(() => [...list.children].forEach(showTime), 1000);
document.addEventListener('visibilitychange', () => {
  if (document.hidden) {
    setTimeout(hush, AWAY_MS);
    return;
  }
  listen();
  refresh();
});
refresh();
listen();
setTimeout(run, EVERY_MS);
