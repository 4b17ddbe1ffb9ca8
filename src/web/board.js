// SPDX-License-Identifier: MIT
// The big screen: nobody touches it. As many rows as fit, then the next ones; the clock; the page anew once a day.
import { begin, lots, now, put, showLot, showTime } from './live.js';

const LEAF_MS = 12000;
const DAY_MS = 86400000;
const list = document.getElementById('lots');
const leaf = document.getElementById('leaf');
let first = 0; // row at the top

const rows = () => [...list.children];

function show() {
  rows().forEach((row) => {
    const lot = lots.get(row.dataset.id);
    if (lot) showLot(row, lot);
  });
  if ([...lots.keys()].some((id) => !rows().some((row) => row.dataset.id === id))) location.reload();
}

// Rows from `first` on are shown as long as nothing leaves the screen.
function turn() {
  const all = rows();
  all.forEach((row, i) => { row.hidden = i < first; });
  let last = first;
  while (last < all.length && all[last].getBoundingClientRect().bottom <= list.getBoundingClientRect().bottom + 1) last += 1;
  last = Math.max(last, first + 1);
  all.forEach((row, i) => { row.hidden = i < first || i >= last; });
  put(leaf, first || last < all.length ? `${first + 1}–${Math.min(last, all.length)} / ${all.length}` : '');
  first = last < all.length ? last : 0;
}

function tick() {
  rows().forEach(showTime);
  put(document.getElementById('as-of'), new Intl.DateTimeFormat(document.documentElement.lang, {
    timeZone: 'Asia/Shanghai', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23',
  }).format(now()));
}

document.body.classList.add('turns');
turn();
setInterval(turn, LEAF_MS);
addEventListener('resize', () => { first = 0; turn(); });
setInterval(tick, 1000);
setTimeout(() => location.reload(), DAY_MS);
begin(show, show);
