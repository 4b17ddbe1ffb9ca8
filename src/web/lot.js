// SPDX-License-Identifier: MIT
// A lot's own page: its number live; what the server drew of its day and of the next hours anew every few minutes; "this number is wrong".
import { begin, lots, put, showLot, showTime, words } from './live.js';

const DRAWN_MS = 300000;
const lot = document.getElementById('lot');
const wrong = document.getElementById('wrong');
const said = document.getElementById('said');

function show() {
  const known = lots.get(lot.dataset.id);
  if (known) showLot(lot, known);
}

async function draw() {
  if (document.hidden) return;
  try {
    const res = await fetch(location.href);
    if (!res.ok) return;
    const page = new DOMParser().parseFromString(await res.text(), 'text/html');
    ['outlook', 'day'].forEach((id) => document.getElementById(id).replaceChildren(...page.getElementById(id).childNodes));
  } catch { /* with the next one */ }
}

async function report() {
  const free = lot.querySelector('.free b').textContent;
  put(said, '');
  try {
    const res = await fetch(`/v1/lots/${encodeURIComponent(lot.dataset.id)}/reports`, {
      method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ shown: /^\d+$/.test(free) ? Number(free) : null }),
    });
    if (!res.ok && res.status !== 429) throw new Error(String(res.status));
    put(said, res.ok && (await res.json()).noted ? words.wrongDone : words.wrongAgain);
  } catch {
    put(said, words.wrongFailed);
  }
}

wrong.hidden = false;
wrong.querySelector('button').addEventListener('click', report);
setInterval(() => showTime(lot), 1000);
setInterval(draw, DRAWN_MS);
showTime(lot);
begin(show, show);
