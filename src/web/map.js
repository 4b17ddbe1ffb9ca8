// SPDX-License-Identifier: MIT
// The map: what the server drew, to be moved and zoomed, its numbers live; a tap shows the car park. With map pictures configured the same
// numbers stand on those, by Leaflet, which is fetched then only.
import { ageText, bandOf, begin, by, english, locate, lots, make, metres, distance, now, put, words } from './live.js';

const ground = document.getElementById('ground');
const card = document.getElementById('card');
const near = document.getElementById('near');
const said = document.getElementById('said');
const NS = 'http://www.w3.org/2000/svg';
const ZOOM_MAX = 12;
let here = null;
let drawn = null; // what shows the numbers: { pin(lot, text, band), position(here) }

const current = (lot) => lot.valid_until && now() <= Date.parse(lot.valid_until);
const kindOf = (lot) => (lot.observed_at && !current(lot) ? 'unknown' : bandOf(lot));
const numberOf = (lot) => (current(lot) && lot.status !== 'closed' ? lot.free ?? '–' : '–');
const tone = (kind) => (kind === 'never' ? 'unknown' : kind);

// --- the card of one lot ---

function showCard(lot) {
  const kind = kindOf(lot);
  card.replaceChildren();
  card.className = `card lot ${tone(kind)}`;
  const link = make('a', '', make('h2', '', card));
  link.href = `/lots/${encodeURIComponent(lot.id)}${location.search}`;
  link.textContent = (english && lot.name_en) || lot.name;
  const free = make('p', 'free', card);
  make('b', '', free).textContent = numberOf(lot);
  const total = lot.open ?? lot.total;
  if (total != null) make('span', '', free).textContent = ` / ${total}`;
  const band = make('p', 'band', card);
  make('span', 'shape', band).setAttribute('aria-hidden', 'true');
  make('span', 'word', band).textContent = words[kind];
  const far = distance(here, lot);
  make('p', 'age', card).textContent = [far < Infinity ? metres(far) : '', lot.observed_at ? ageText(now() - Date.parse(lot.observed_at)) : ''].filter(Boolean).join(' · ');
  card.dataset.id = lot.id;
  card.hidden = false;
}

function onPin(event, id) {
  const lot = lots.get(id);
  if (!lot || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  showCard(lot);
  card.querySelector('a').focus({ preventScroll: true });
}

// --- the drawing ---

function drawing(svg) {
  const whole = svg.viewBox.baseVal;
  const home = { w: whole.width, h: whole.height };
  const view = { x: 0, y: 0, w: home.w, h: home.h };
  const pins = [...svg.querySelectorAll('.pin')].map((node, i) => ({
    node, x: Number(node.dataset.x), y: Number(node.dataset.y), px: Number(node.dataset.px), py: Number(node.dataset.py),
    tie: svg.querySelectorAll('.ties path')[i], dot: svg.querySelectorAll('.ties circle')[i],
  }));
  const byId = new Map(pins.map((pin) => [pin.node.dataset.id, pin.node]));
  const fingers = new Map();
  let moved = 0;
  let dot = null;

  // Numbers keep their size; what was moved aside comes closer to its place.
  function show() {
    const css = svg.clientWidth / home.w || 1;
    const k = view.w / home.w / Math.max(1, css);
    svg.setAttribute('viewBox', `${view.x} ${view.y} ${view.w} ${view.h}`);
    pins.forEach((pin) => {
      const x = pin.x + (pin.px - pin.x) * k;
      const y = pin.y + (pin.py - pin.y) * k;
      pin.node.setAttribute('transform', `translate(${x} ${y}) scale(${k})`);
      pin.tie.setAttribute('d', `M${pin.x} ${pin.y}L${x} ${y}`);
      pin.dot.setAttribute('r', 3 * k);
    });
    svg.style.setProperty('--k', k);
    svg.classList.toggle('close', home.w / view.w > 2.2);
    svg.querySelector('.scale').style.display = view.w === home.w ? '' : 'none'; // true for the whole only
    if (dot) dot.setAttribute('r', 9 * k);
  }

  function hold() {
    view.x = Math.min(Math.max(view.x, 0), home.w - view.w);
    view.y = Math.min(Math.max(view.y, 0), home.h - view.h);
    show();
  }

  function zoom(by_, at) {
    const w = Math.min(home.w, Math.max(home.w / ZOOM_MAX, view.w / by_));
    const f = w / view.w;
    view.x = at.x - (at.x - view.x) * f;
    view.y = at.y - (at.y - view.y) * f;
    view.w = w;
    view.h *= f;
    hold();
  }

  function place(event) {
    const box = svg.getBoundingClientRect();
    return { x: view.x + (event.clientX - box.left) / box.width * view.w, y: view.y + (event.clientY - box.top) / box.height * view.h };
  }

  function drag(event) {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    const box = svg.getBoundingClientRect();
    const others = [...fingers].filter(([id]) => id !== event.pointerId);
    if (!others.length) {
      view.x -= (event.clientX - before.clientX) / box.width * view.w;
      view.y -= (event.clientY - before.clientY) / box.height * view.h;
      moved += Math.abs(event.clientX - before.clientX) + Math.abs(event.clientY - before.clientY);
      hold();
    } else {
      const other = others[0][1];
      const span = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY) || 1;
      moved += 10;
      zoom(span(event) / span(before), place({ clientX: (event.clientX + other.clientX) / 2, clientY: (event.clientY + other.clientY) / 2 }));
    }
    fingers.set(event.pointerId, event);
  }

  const middle = () => ({ x: view.x + view.w / 2, y: view.y + view.h / 2 });
  svg.addEventListener('wheel', (event) => { event.preventDefault(); zoom(event.deltaY < 0 ? 1.25 : 0.8, place(event)); }, { passive: false });
  svg.addEventListener('pointerdown', (event) => { moved = fingers.size ? moved : 0; fingers.set(event.pointerId, event); });
  addEventListener('pointermove', drag);
  ['pointerup', 'pointercancel'].forEach((kind) => addEventListener(kind, (event) => fingers.delete(event.pointerId)));
  svg.addEventListener('dragstart', (event) => event.preventDefault());
  svg.addEventListener('click', (event) => {
    const pin = event.target.closest('.pin');
    if (moved > 8) event.preventDefault();
    else if (pin) onPin(event, pin.dataset.id);
    else card.hidden = true;
  });
  document.getElementById('in').addEventListener('click', () => zoom(1.6, middle()));
  document.getElementById('out').addEventListener('click', () => zoom(1 / 1.6, middle()));
  addEventListener('resize', show);
  svg.classList.add('moves');
  show();
  return {
    pin(lot, text, kind) {
      const node = byId.get(lot.id);
      if (!node) return;
      node.setAttribute('class', `pin ${tone(kind)}`);
      node.querySelector('use').setAttribute('href', `#mark-${tone(kind)}`);
      put(node.querySelector('text'), String(text));
      put(node.querySelector('title'), `${(english && lot.name_en) || lot.name} · ${words[kind]}`);
    },
    position() {
      dot ??= svg.appendChild(document.createElementNS(NS, 'circle'));
      dot.setAttribute('class', 'here');
      dot.setAttribute('cx', home.w / 2 + (here.lng - svg.dataset.lng) * svg.dataset.perLng);
      dot.setAttribute('cy', home.h / 2 - (here.lat - svg.dataset.lat) * svg.dataset.perLat);
      show();
    },
  };
}

// --- on map pictures ---

function script(src) {
  return new Promise((done, fail) => {
    const node = make('script', '', document.head);
    node.addEventListener('load', done);
    node.addEventListener('error', fail);
    node.src = src;
  });
}

async function pictures() {
  const style = make('link', '', document.head);
  style.rel = 'stylesheet';
  style.href = `${words.assets}/leaflet.css`;
  await script(`${words.assets}/leaflet.js`);
  const { L } = window;
  const datum = words.tilesDatum; // of the pictures: positions must be theirs
  const placed = await (await fetch(`/v1/lots?crs=${datum}&fields=location`)).json();
  const box = make('div', 'pictures');
  ground.querySelector('svg').replaceWith(box);
  document.querySelector('.zoom').replaceChildren(near);
  put(document.getElementById('hint'), '');
  const map = L.map(box);
  L.tileLayer(words.tiles, { maxZoom: Number(words.tilesZoom), attribution: words.tilesBy }).addTo(map);
  const pins = new Map();
  placed.lots.filter((lot) => lot.location).forEach((lot) => {
    const pin = make('span', 'pin');
    make('span', 'shape', pin);
    make('b', '', pin);
    const marker = L.marker([lot.location.lat, lot.location.lng], { icon: L.divIcon({ html: pin, className: 'pin-box', iconSize: [64, 28] }), keyboard: true });
    marker.on('click keypress', () => lots.has(lot.id) && showCard(lots.get(lot.id)));
    marker.addTo(map);
    pins.set(lot.id, { pin, marker });
  });
  map.fitBounds([...pins.values()].map(({ marker }) => marker.getLatLng()), { padding: [30, 30] });
  map.on('click', () => { card.hidden = true; });
  return {
    pin(lot, text, kind) {
      const one = pins.get(lot.id);
      if (!one) return;
      one.pin.className = `pin ${tone(kind)}`;
      put(one.pin.querySelector('b'), String(text));
      one.marker.getElement()?.setAttribute('aria-label', `${(english && lot.name_en) || lot.name} · ${words[kind]} ${text}`);
    },
    position() {
      const off = datum === 'gcj02' ? shift(placed) : [0, 0];
      L.circleMarker([here.lat + off[0], here.lng + off[1]], { className: 'here', radius: 8 }).addTo(map).bindTooltip(words.here);
      map.panTo([here.lat + off[0], here.lng + off[1]]);
    },
  };
}

// How far the pictures' datum lies from the phone's here: as the nearest car park's two positions tell.
function shift(placed) {
  const nearest = [...lots.values()].filter((lot) => lot.location).sort((a, b) => distance(here, a) - distance(here, b))[0];
  const there = placed.lots.find((lot) => lot.id === nearest?.id)?.location;
  return there ? [there.lat - nearest.location.lat, there.lng - nearest.location.lng] : [0, 0];
}

// --- news ---

function showPin(lot) {
  drawn?.pin(lot, numberOf(lot), kindOf(lot));
  if (!card.hidden && card.dataset.id === lot.id) showCard(lot);
}

const showAll = () => lots.forEach(showPin);

async function findMe() {
  here = await locate();
  put(said, here ? '' : words.denied);
  near.setAttribute('aria-pressed', Boolean(here));
  if (here) drawn?.position();
}

async function start() {
  const svg = document.getElementById('map');
  if (!svg) return;
  by(document, 'zoom').hidden = false;
  near.hidden = !navigator.geolocation || !isSecureContext;
  near.addEventListener('click', findMe);
  card.addEventListener('keydown', (event) => { if (event.key === 'Escape') card.hidden = true; });
  try {
    drawn = words.tiles ? await pictures() : drawing(svg);
  } catch {
    drawn = drawing(svg); // the pictures are away: the drawing is still there
  }
  showAll();
}

start();
setInterval(showAll, 1000);
begin(showAll, showPin);
