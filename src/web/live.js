// SPDX-License-Identifier: MIT
// What all pages of residents share: the server's clock, the numbers as they come (one stream for all tabs, asking now and then beside it),
// and how a lot is shown. A number goes the moment it is no longer valid, also without a network. Text goes in by textContent only.
const EVERY_MS = 5000; // without the stream
const LIVE_MS = 30000; // with it
const BEAT_MS = 10000; // whoever holds the stream tells the other tabs so
const AWAY_MS = 60000; // a page that nobody looks at gives it back
export const words = document.body.dataset;
export const english = document.documentElement.lang === 'en';
export const lots = new Map(); // as the server says
export const remember = {
  get(name) {
    try {
      return localStorage.getItem(`parkd.${name}`);
    } catch {
      return null; // forbidden here
    }
  },
  set(name, value) {
    try {
      localStorage.setItem(`parkd.${name}`, value);
    } catch { /* then not */ }
  },
};
const state = document.getElementById('state');
const here = { show() {}, change() {} }; // the page's own part

// The server's clock counts, not the visitor's. A page from the cache says an old time: what was learnt last is better.
let skew = remember.get('skew') === null ? Number(words.asOf) - Date.now() : Number(remember.get('skew'));
let etag = null;
let heard = 0; // when the stream spoke last
let asked = 0; // when the list was asked for last
let asOf = '';

export const now = () => Date.now() + skew;
export const by = (node, name) => node.querySelector(`.${name}`);

export function put(node, text) {
  if (node && node.textContent !== text) node.textContent = text;
}

export function make(tag, cls, parent) {
  const node = document.createElement(tag);
  if (cls) node.className = cls;
  parent?.append(node);
  return node;
}

// --- one lot ---

export function ageText(ms) {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 60) return words.s.replace('{}', s);
  if (s < 3600) return words.min.replace('{}', Math.floor(s / 60));
  if (s < 172800) return words.h.replace('{}', Math.floor(s / 3600));
  return words.d.replace('{}', Math.floor(s / 86400));
}

export function bandOf(lot) {
  if (!lot.observed_at) return 'never';
  return lot.status === 'closed' ? 'closed' : lot.band;
}

function showBand(row, kind) {
  row.className = `lot ${kind === 'never' ? 'unknown' : kind}`;
  put(by(row, 'word'), words[kind]);
  put(by(row, 'sub'), words[`${kind}Sub`] ?? '');
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

// The age, and whether the number may still stand there.
export function showTime(row) {
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

export function showLot(row, lot) {
  const kind = bandOf(lot);
  showFree(row, lot.status === 'closed' ? null : lot.free, lot.open ?? lot.total, lot.last_known?.free);
  showBand(row, kind);
  showTrend(row, ['never', 'unknown', 'closed'].includes(kind) ? null : lot.trend);
  row.dataset.observed = lot.observed_at ? Date.parse(lot.observed_at) : '';
  row.dataset.until = lot.valid_until ? Date.parse(lot.valid_until) : '';
  const time = by(row, 'age').firstElementChild;
  if (lot.observed_at) time.dateTime = lot.observed_at;
  showTime(row);
}

// --- places ---

// Metres on the sphere; without a place or a position: the end of the list.
export function distance(from, lot) {
  if (!from || !lot.location) return Infinity;
  const rad = Math.PI / 180;
  const a = Math.sin((lot.location.lat - from.lat) * rad / 2) ** 2
    + Math.cos(from.lat * rad) * Math.cos(lot.location.lat * rad) * Math.sin((lot.location.lng - from.lng) * rad / 2) ** 2;
  return 2 * 6371008.8 * Math.asin(Math.sqrt(a));
}

export const metres = (m) => (m < 995 ? `${Math.round(m / 10) * 10} m` : `${(m / 1000).toFixed(1)} km`);

// Where somebody stands never leaves the page. No position: null.
export const locate = () => new Promise((done) => {
  navigator.geolocation.getCurrentPosition(({ coords }) => done({ lng: coords.longitude, lat: coords.latitude }), () => done(null), { timeout: 15000, maximumAge: 60000 });
});

// --- news ---

function clockText(iso) {
  return new Intl.DateTimeFormat(document.documentElement.lang, {
    timeZone: 'Asia/Shanghai', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23',
  }).format(new Date(iso));
}

function showAsOf(iso) {
  const time = document.getElementById('as-of');
  asOf = clockText(iso);
  if (!time) return;
  time.dateTime = iso;
  put(time, asOf);
}

function take(answer) {
  lots.clear();
  answer.lots.forEach((lot) => lots.set(lot.id, lot));
  showAsOf(answer.as_of);
  here.show();
}

// What the worker kept is shown, but it is no news: the clock is not set by it.
async function read(res) {
  const kept = res.headers.has('X-Kept');
  const tag = res.headers.get('etag');
  if (!tag || tag !== etag || !lots.size) {
    const answer = await res.json();
    if (!kept) {
      skew = Date.parse(answer.as_of) - Date.now();
      remember.set('skew', skew);
    }
    take(answer);
    etag = tag;
  }
  if (kept) throw new Error('kept');
}

async function get(url, limit) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), limit);
  try {
    return await fetch(url, { cache: 'no-cache', signal: stop.signal });
  } finally {
    clearTimeout(timer);
  }
}

export async function refresh() {
  asked = Date.now();
  try {
    const res = await get('/v1/lots', 10000);
    if (!res.ok) throw new Error(String(res.status));
    await read(res);
    put(state, '');
  } catch {
    put(state, words.offline.replace('{}', asOf || clockText(document.getElementById('as-of')?.dateTime || now())));
  }
}

// What moves of one lot.
function onNews(kind, data) {
  heard = Date.now();
  if (kind === 'beat') return;
  if (kind !== 'lot') {
    refresh();
    return;
  }
  const lot = lots.get(data.id);
  if (!lot) return;
  Object.assign(lot, { last_known: undefined }, data);
  showAsOf(new Date(now()).toISOString());
  etag = null; // what is held is newer than the last list
  here.change(lot);
}

// --- one stream for all tabs: whoever holds the lock listens, and tells the others ---

const channel = 'BroadcastChannel' in window && navigator.locks ? new BroadcastChannel('parkd') : null;
let stream = null; // ours, if we are the one
let leave = null; // gives the stream up, or stops waiting for it

function tell(kind, data) {
  channel?.postMessage({ kind, data });
  onNews(kind, data);
}

function open(ended) {
  stream = new EventSource('/v1/stream');
  stream.addEventListener('open', () => tell('beat'));
  stream.addEventListener('lot', (event) => tell('lot', JSON.parse(event.data)));
  ['ready', 'reset', 'registered', 'removed'].forEach((kind) => stream.addEventListener(kind, () => tell(kind)));
  stream.addEventListener('error', () => {
    if (stream?.readyState === EventSource.CLOSED) ended(); // as many listen as may: ask instead, and try later
  });
}

function close() {
  stream?.close();
  stream = null;
}

function lead() {
  return new Promise((done) => {
    const beat = setInterval(() => stream?.readyState === EventSource.OPEN && tell('beat'), BEAT_MS);
    const end = () => {
      clearInterval(beat);
      close();
      leave = null;
      done();
    };
    leave = end;
    open(end);
  });
}

function listen() {
  if (leave || document.hidden || !window.EventSource) return;
  if (!channel) {
    leave = () => {
      close();
      leave = null;
    };
    open(leave);
    return;
  }
  const waiting = new AbortController();
  leave = () => {
    waiting.abort();
    leave = null;
  };
  navigator.locks.request('parkd-stream', { signal: waiting.signal }, lead).catch(() => {});
}

function onVisible() {
  if (document.hidden) {
    setTimeout(() => document.hidden && leave?.(), AWAY_MS);
    return;
  }
  listen();
  refresh();
}

async function run() {
  const live = Date.now() - heard < LIVE_MS;
  listen();
  if (!document.hidden && Date.now() - asked >= (live ? LIVE_MS : EVERY_MS) - 500) await refresh();
  setTimeout(run, EVERY_MS);
}

// The page without a network, and as a program of the phone.
function keep() {
  if (!('serviceWorker' in navigator) || !isSecureContext || 'embed' in document.documentElement.dataset) return;
  navigator.serviceWorker.register(`/sw.js?assets=${words.assets}`).catch(() => {});
}

// `show`: all lots are new; `change`: one is.
export function begin(show, change) {
  Object.assign(here, { show, change });
  if (channel) channel.onmessage = ({ data }) => onNews(data.kind, data.data);
  document.addEventListener('visibilitychange', onVisible);
  refresh();
  listen();
  setTimeout(run, EVERY_MS);
  addEventListener('load', keep);
  if (document.readyState === 'complete') keep();
}
