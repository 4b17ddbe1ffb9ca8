// SPDX-License-Identifier: MIT
// Drawn things: the progress bar, the strip of 48 half hours, lines over time.

import { h, s } from './dom.js';
import { t } from './i18n.js';
import { isoDay } from './time.js';

const CELLS = 48;
const HALF_HOUR = 1800000;
const BEIJING_MS = 8 * 3600000;

// --- progress

export function progress(p) {
  const rest = Math.max(0, p.total - p.connected - p.testing);
  const parts = [['auto', p.auto, t('自动', 'automatic')], ['manual', p.manual, t('人工', 'by hand')], ['testing', p.testing, t('联调', 'testing')]];
  const bar = h('div', { class: 'bar', 'aria-hidden': 'true' }, parts.map(([cls, n]) => {
    const part = h('i', { class: cls });
    part.style.width = `${p.total ? (n / p.total) * 100 : 0}%`;
    return part;
  }));
  return h('div', { class: 'progress' },
    h('p', { class: 'big', id: 'progress' }, String(p.connected), h('small', null, ` / ${p.total} ${t('已接入', 'connected')}`)), bar,
    h('ul', { class: 'key' }, [...parts, ['rest', rest, t('其余', 'the rest')]].map(([cls, n, word]) => h('li', null, h('i', { class: cls }), word, ' ', h('b', null, String(n))))));
}

// --- the strip

const heights = { g: 1, l: 0.66, n: 0.34, w: 0.66 };

// cells: 48 letters from a record; labels at both ends.
export function strip(cells, from, to) {
  const many = (letter) => [...cells].filter((one) => one === letter).length;
  const words = t(`良好 ${many('g')} 格，迟到 ${many('l')} 格，无数据 ${many('n')} 格`, `${many('g')} good, ${many('l')} late, ${many('n')} without data`);
  const picture = s('svg', { class: 'strip', viewBox: `0 0 ${CELLS} 10`, preserveAspectRatio: 'none', role: 'img', 'aria-label': words },
    [...cells].map((letter, i) => {
      const high = 10 * (heights[letter] ?? 0.12);
      return s('rect', { x: i + 0.1, y: 10 - high, width: 0.8, height: high, class: heights[letter] ? letter : 'off' });
    }));
  return from ? h('div', { class: 'strip-box' }, picture, h('div', { class: 'ends' }, h('span', null, from), h('span', null, to))) : picture;
}

// The last 24 hours out of yesterday's and today's cells.
export function lastDay(yesterday, today, now = Date.now()) {
  const at = Math.floor(((now + BEIJING_MS) % 86400000) / HALF_HOUR) + 1;
  const off = '-'.repeat(CELLS);
  return (yesterday ?? off).slice(at) + (today ?? off).slice(0, at);
}

// Of several lots of one feed: the worst of each half hour.
export function worst(all) {
  const rank = '-wgln';
  return [...Array(CELLS).keys()].map((i) => all.reduce((bad, cells) => (rank.indexOf(cells[i]) > rank.indexOf(bad) ? cells[i] : bad), '-')).join('');
}

export function stripKey() {
  const one = (letter, word) => h('li', null, s('svg', { viewBox: '0 0 1 10', width: 8, height: 14, preserveAspectRatio: 'none', class: 'strip-one strip', 'aria-hidden': 'true' },
    s('rect', { x: 0, y: 10 - 10 * (heights[letter] ?? 0.12), width: 1, height: 10 * (heights[letter] ?? 0.12), class: heights[letter] ? letter : 'off' })), word);
  return h('ul', { class: 'key strip-key' }, one('g', t('良好', 'good')), one('l', t('迟到', 'late')), one('n', t('无数据', 'no data')), one('w', t('维护', 'maintenance')), one('-', t('不计', 'not asked')));
}

// --- lines

function path(points, x, y) {
  let open = false;
  return points.map(([at, v]) => {
    if (v === null || v === undefined) {
      open = false;
      return '';
    }
    const step = `${open ? 'L' : 'M'}${x(at).toFixed(1)} ${y(v).toFixed(1)}`;
    open = true;
    return step;
  }).join('');
}

const nice = (max) => {
  const step = 10 ** Math.floor(Math.log10(Math.max(1, max)));
  return [1, 2, 2.5, 5, 10].map((k) => k * step).find((top) => top >= max);
};

function draw(o, width) {
  const high = o.height ?? 200;
  const left = 36, bottom = 24, top = 10, right = 8;
  const max = o.max ?? nice(Math.max(1, o.limit ?? 0, ...o.lines.flatMap((line) => line.points.map(([, v]) => v ?? 0))));
  const x = (at) => left + ((at - o.from) / (o.to - o.from || 1)) * (width - left - right);
  const y = (v) => high - bottom - (v / max) * (high - bottom - top);
  const marks = [0, 0.5, 1].map((part) => Math.round(part * max));
  const node = s('svg', { class: 'chart', viewBox: `0 0 ${width} ${high}`, role: 'img', 'aria-label': o.words });
  marks.forEach((v) => node.append(s('line', { class: 'grid', x1: left, x2: width - right, y1: y(v), y2: y(v) }), s('text', { x: left - 8, y: y(v) + 4, 'text-anchor': 'end' }, String(v))));
  const ticks = width < 420 && o.ticks.length > 4 ? o.ticks.filter((_, i) => i % 2 === 0) : o.ticks;
  ticks.forEach(([at, word]) => node.append(s('text', { x: x(at), y: high - 4, 'text-anchor': at === o.from ? 'start' : at >= o.to ? 'end' : 'middle' }, word)));
  if (o.limit) node.append(s('line', { class: 'limit', x1: left, x2: width - right, y1: y(o.limit), y2: y(o.limit) }));
  o.lines.forEach((line) => {
    const d = path(line.points, x, y);
    const known = line.points.filter(([, v]) => v !== null && v !== undefined);
    if (line.area && known.length > 1) node.append(s('path', { class: 'area', d: `${path(known, x, y)}L${x(known.at(-1)[0])} ${y(0)}L${x(known[0][0])} ${y(0)}Z` }));
    node.append(s('path', { class: line.second ? 'second' : 'line', d }));
    if (known.length && !line.second) node.append(s('circle', { class: 'dot', cx: x(known.at(-1)[0]), cy: y(known.at(-1)[1]), r: 3.5 }));
  });
  return node;
}

// o: { lines: [{ points: [[at, value]], area, second }], from, to, ticks: [[at, word]], max, limit, height, words }
function chart(o, caption) {
  const box = h('div', null, draw(o, 640));
  let wide = 640;
  const watch = new ResizeObserver(([entry]) => {
    const width = Math.round(entry.contentRect.width);
    if (width > 80 && width !== wide) {
      wide = width;
      box.replaceChildren(draw(o, width));
    }
  });
  watch.observe(box);
  return h('figure', null, box, caption ? h('figcaption', null, caption) : null);
}

// Today's series of a lot, as /v1/lots/{id}/history gives it.
export function dayChart(history, most) {
  const points = history.points.map(([at, last]) => [at * 1000, last]);
  const known = points.filter(([, v]) => v !== null);
  const from = Date.parse(history.from), to = from + 86400000;
  const ticks = [0, 6, 12, 18, 24].map((hour) => [from + hour * 3600000, `${String(hour).padStart(2, '0')}:00`]);
  const values = known.map(([, v]) => v);
  const words = known.length ? t(`空位：最少 ${Math.min(...values)}，最多 ${Math.max(...values)}，最近 ${values.at(-1)}`, `Free: least ${Math.min(...values)}, most ${Math.max(...values)}, last ${values.at(-1)}`) : t('今天没有数据', 'No data today');
  return chart({ lines: [{ points, area: true }], from, to, ticks, limit: most, words },
    most ? [words, t(`。虚线：开放泊位 ${most}`, `. Dashed: ${most} open places`)] : words);
}

// The curve of what is connected, day by day, towards all.
export function curveChart(curve, total, height) {
  const at = (date) => Date.parse(`${date}T00:00:00+08:00`);
  const from = at(curve[0].date), to = Math.max(at(curve.at(-1).date), from + 86400000);
  const short = (date) => `${Number(date.slice(5, 7))}/${Number(date.slice(8))}`;
  const shown = curve.filter((_, i) => i % Math.max(1, Math.ceil(curve.length / 7)) === 0);
  const last = curve.at(-1);
  const words = t(`已接入 ${last.connected} / ${total}（自动 ${last.auto}，人工 ${last.manual}），截至 ${isoDay(at(last.date) + 1)}`, `${last.connected} of ${total} connected (${last.auto} automatic, ${last.manual} by hand), as of ${last.date}`);
  return chart({ height, lines: [{ points: curve.map((one) => [at(one.date), one.connected]), area: true }, { points: curve.map((one) => [at(one.date), one.auto]), second: true }],
    from, to, limit: total, max: total ? Math.ceil(total / 4) * 4 : undefined, ticks: shown.map((one) => [at(one.date), short(one.date)]), words },
  t(`${words}。虚线：自动；目标 ${total}。`, `${words}. Dashed: automatic; goal ${total}.`));
}
