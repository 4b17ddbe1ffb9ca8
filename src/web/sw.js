// SPDX-License-Identifier: MIT
// The pages without a network: this build's scripts and styles, the pages that were opened, and the last list. What is kept is marked, so
// that the page says how old it is; numbers go at their time all the same. Everything else goes straight to the network.
const ASSETS = new URL(location).searchParams.get('assets') ?? '';
const SHELL = `parkd ${ASSETS}`;
const PAGES = 'parkd pages';
const PAGES_MAX = 40;
const PAGE_MS = 4000; // a network that does not answer is none
const FILES = ['style.css', 'live.js', 'list.js', 'lot.js', 'map.js'].map((name) => `${ASSETS}/${name}`);

async function install() {
  const shell = await caches.open(SHELL);
  await shell.addAll([...FILES, '/icon.svg', '/icon-192.png']);
  const pages = await caches.open(PAGES);
  await Promise.all(['/', '/?lang=en', '/v1/lots'].map((url) => pages.add(url).catch(() => {})));
  await skipWaiting();
}

async function activate() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith('parkd ') && name !== SHELL && name !== PAGES).map((name) => caches.delete(name)));
  await clients.claim();
}

async function store(name, request, res) {
  if (!res.ok || res.type !== 'basic') return;
  const cache = await caches.open(name);
  await cache.put(request, res);
  const keys = await cache.keys();
  await Promise.all(keys.slice(0, Math.max(0, keys.length - PAGES_MAX)).map((key) => cache.delete(key)));
}

async function fromNetwork(request, limit) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), limit);
  try {
    return await fetch(request, { signal: stop.signal });
  } finally {
    clearTimeout(timer);
  }
}

function marked(res) {
  const headers = new Headers(res.headers);
  headers.set('X-Kept', '1');
  return new Response(res.body, { status: res.status, headers });
}

async function shell(request) {
  return (await caches.match(request)) ?? fetch(request).then((res) => { store(SHELL, request, res.clone()); return res; });
}

// Another page than was asked for would be a lie: of those that were never opened the list is shown.
async function kept(url) {
  const pages = await caches.open(PAGES);
  const page = await pages.match(url) ?? (url.pathname === '/v1/lots' ? null : await pages.match(url.searchParams.get('lang') === 'en' ? '/?lang=en' : '/'));
  return page ? marked(page) : Response.error();
}

async function news(event, url) {
  try {
    const res = await fromNetwork(event.request, PAGE_MS * (url.pathname === '/v1/lots' ? 2 : 1));
    event.waitUntil(store(PAGES, event.request, res.clone()));
    return res;
  } catch {
    return kept(url);
  }
}

const isPage = (path) => path === '/' || path === '/map' || path.startsWith('/lots/');

addEventListener('install', (event) => event.waitUntil(install()));
addEventListener('activate', (event) => event.waitUntil(activate()));
addEventListener('fetch', (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== 'GET' || url.origin !== location.origin || url.searchParams.has('embed')) return;
  if (url.pathname.startsWith('/a/') || url.pathname.startsWith('/icon')) event.respondWith(shell(event.request));
  else if ((event.request.mode === 'navigate' && isPage(url.pathname)) || (url.pathname === '/v1/lots' && !url.search)) event.respondWith(news(event, url));
});
