// SPDX-License-Identifier: MIT
// The list: what the server rendered, kept current; found by name; favourites first, then the nearest, the freest or by name.
import { begin, by, distance, english, locate, lots, make, metres, put, remember, showLot, showTime, words } from './live.js';

const list = document.getElementById('lots');
const find = document.getElementById('find');
const near = document.getElementById('near');
const said = document.getElementById('said');
const orders = { near, free: document.getElementById('by-free'), name: document.getElementById('by-name') };
const favourites = new Set((remember.get('favourites') ?? '').split(' ').filter(Boolean));
const collator = new Intl.Collator(document.documentElement.lang, { numeric: true });
let here = null; // { lng, lat }
let order = '';

// --- a row's own parts ---

function star(row) {
  if (by(row, 'star')) return;
  const button = make('button', 'star', row);
  button.type = 'button';
  button.setAttribute('aria-label', `${words.favourite} ${row.querySelector('h2 a').firstChild.textContent}`);
  const show = () => {
    const on = favourites.has(row.dataset.id);
    button.setAttribute('aria-pressed', on);
    put(button, on ? '★' : '☆');
  };
  button.addEventListener('click', () => {
    if (!favourites.delete(row.dataset.id)) favourites.add(row.dataset.id);
    remember.set('favourites', [...favourites].join(' '));
    show();
  });
  show();
}

// Lots that were registered since: their rows come from the server as all do.
async function fetchRows() {
  try {
    const res = await fetch(location.href);
    const page = new DOMParser().parseFromString(await res.text(), 'text/html');
    const there = new Set([...list.children].map((row) => row.dataset.id));
    page.querySelectorAll('#lots > li').forEach((row) => there.has(row.dataset.id) || list.append(document.importNode(row, true)));
    arrange(false);
  } catch { /* with the next list */ }
}

// --- order and search ---

const silent = (lot) => (lot.freshness === 'offline' ? 1 : 0);
const title = (lot) => (english && lot.name_en) || lot.name;
const least = (a, b) => (a === b ? 0 : a - b); // also of Infinity
const compare = {
  near: (a, b) => least(distance(here, a), distance(here, b)),
  free: (a, b) => (b.free ?? -1) - (a.free ?? -1),
  name: (a, b) => collator.compare(title(a), title(b)),
  '': () => 0, // the server's
};

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
  if (wanted.length && !shown) put(said, words.nothing);
  else if (said.textContent === words.nothing) put(said, '');
}

function sorted() {
  const first = (lot) => (favourites.has(lot.id) ? 0 : 1);
  return [...lots.values()].sort((a, b) => first(a) - first(b) || silent(a) - silent(b) || compare[order](a, b));
}

function showRow(row, lot) {
  const far = distance(here, lot);
  showLot(row, lot);
  put(by(row, 'far'), far < Infinity ? `${metres(far)} · ` : '');
  star(row);
}

function arrange(mayFetch = true) {
  const rows = new Map([...list.children].map((row) => [row.dataset.id, row]));
  let missing = false;
  let at = 0;
  sorted().forEach((lot) => {
    const row = rows.get(lot.id);
    missing ||= !row;
    if (!row) return;
    rows.delete(lot.id);
    showRow(row, lot);
    if (list.children[at] !== row) list.insertBefore(row, list.children[at] ?? null);
    at += 1;
  });
  rows.forEach((row) => row.remove());
  const known = [...lots.values()].filter((lot) => lot.free !== null || lot.band !== 'unknown').length;
  put(document.getElementById('count'), words.count.replace('{}', lots.size).replace('{}', known));
  if (!lots.size) list.replaceChildren();
  search();
  if (missing && mayFetch) fetchRows();
}

// Its place in the list stays: nothing jumps under a finger.
function change(lot) {
  const row = [...list.children].find((one) => one.dataset.id === lot.id);
  if (row) showRow(row, lot);
}

// --- the person ---

async function choose(name) {
  order = order === name ? '' : name;
  if (order === 'near') {
    here = await locate();
    put(said, here ? '' : words.denied);
    if (!here) order = '';
  } else {
    here = null;
  }
  Object.entries(orders).forEach(([one, button]) => button.setAttribute('aria-pressed', one === order));
  arrange();
}

document.getElementById('tools').hidden = false;
document.getElementById('tools').addEventListener('submit', (event) => event.preventDefault());
find.addEventListener('input', search);
near.hidden = !navigator.geolocation || !isSecureContext;
Object.entries(orders).forEach(([name, button]) => button.addEventListener('click', () => choose(name)));
setInterval(() => [...list.children].forEach(showTime), 1000);
[...list.children].forEach(showTime);
begin(arrange, change);
