// SPDX-License-Identifier: MIT
// Parts of a car park's page that the office and its operator both see.

import { h, s, facts, panel, button, say, tag, empty } from './dom.js';
import { t, said, english } from './i18n.js';
import { maybe, post, id } from './api.js';
import { askFor, whyField } from './dialog.js';
import { table } from './table.js';
import { bandTag, freshTag, flagTag, colourTag, resultTag, objectionTag, percent, rule } from './words.js';
import { ago, when, day, toLocal, today, isoDay } from './time.js';
import { dayChart, lastDay, strip, stripKey } from './draw.js';
import { refresh } from './router.js';

const BEIJING_MS = 8 * 3600000;

// --- what it says now

export function readingPanel(lot) {
  const r = lot.reading ?? {};
  const doubts = r.quality ?? [];
  return panel([t('现在', 'Now'), freshTag(r.observed_at ? r.freshness : 'never')],
    h('div', { class: 'row' }, h('p', { class: 'big' }, String(r.free ?? '–'), h('small', null, ` / ${lot.open ?? lot.total ?? '–'}`)), bandTag(r.band ?? 'unknown')),
    facts([[t('数据时间', 'Observed'), r.observed_at ? `${when(r.observed_at)} (${ago(r.observed_at)})` : t('还没有数据', 'nothing yet')],
      [t('车场自报', 'As reported'), r.raw_free !== undefined && r.raw_free !== r.free ? r.raw_free : null],
      [t('上次数值', 'Last known'), r.last_known ? t(`${r.last_known.free}（${when(r.last_known.observed_at)}）`, `${r.last_known.free} (${when(r.last_known.observed_at)})`) : null],
      [t('疑点', 'Doubts'), doubts.length ? h('span', { class: 'tags' }, doubts.map((one) => flagTag(one))) : null]]));
}

export async function dayPanel(lot) {
  const from = new Date(Date.parse(`${today()}T00:00:00+08:00`)).toISOString();
  const to = new Date(Math.ceil(Date.now() / 300000) * 300000).toISOString();
  const history = await maybe(`/v1/lots/${id(lot.id)}/history?from=${from.slice(0, 19)}Z&to=${to.slice(0, 19)}Z&step=5m`).catch(() => null);
  return panel(t('今天的空位', 'Free places today'), history ? dayChart(history, lot.open ?? lot.total)
    : h('p', { class: 'soft' }, t('接入以后才有曲线。', 'The line is there once the car park is connected.')));
}

// --- the acceptance test

function mark(result) {
  const shapes = { pass: ['M3 8.5l3.2 3.2L13 5', 'var(--good)'], fail: ['M4 4l8 8M12 4l-8 8', 'var(--bad)'], waiting: ['M8 4v4.5l3 2', 'var(--soft)'] };
  const [d, tone] = shapes[result] ?? shapes.waiting;
  return s('svg', { class: 'mark', viewBox: '0 0 16 16', 'aria-hidden': 'true' }, s('circle', { cx: 8, cy: 8, r: 7.2, fill: 'none', stroke: tone, 'stroke-width': 1.2 }),
    s('path', { d, fill: 'none', stroke: tone, 'stroke-width': 1.8, 'stroke-linecap': 'round', 'stroke-linejoin': 'round' }));
}

export function acceptancePanel(test, ...actions) {
  if (!test) {
    return panel(t('联调（验收测试）', 'Acceptance test'), h('p', { class: 'soft' }, t('还没有开始。提交以后自动进行。', 'Not begun. It runs by itself once the car park is handed in.')),
      actions.length ? h('div', { class: 'row' }, actions) : null);
  }
  const words = (one) => [english() ? one.en : one.zh, english() ? one.advice_en : one.advice_zh];
  return panel([t('联调（验收测试）', 'Acceptance test'), resultTag(test.state)],
    h('p', { class: 'soft' }, t(`${when(test.since)} 开始，最迟 ${when(test.until)} 结束`, `Began ${when(test.since)}, ends ${when(test.until)} at the latest`)),
    h('ul', { class: 'checks' }, (test.checks ?? []).map((one) => {
      const [what, advice] = words(one);
      return h('li', null, mark(one.result), h('div', { class: 'row apart' }, h('b', null, what), resultTag(one.result)),
        h('p', { class: 'small soft num' }, t(`现在 ${one.have}，要求 ${one.want}`, `${one.have}; wanted ${one.want}`)), advice ? h('p', { class: 'small' }, advice) : null);
    })),
    test.remark_zh ? h('p', { class: 'note warn' }, english() ? test.remark_en : test.remark_zh) : null,
    actions.length ? h('div', { class: 'row' }, actions) : null);
}

// --- quality

export async function qualityPanel(lot) {
  const from = isoDay(Date.now() - 6 * 86400000);
  const found = await maybe(`/v1/operator/lots/${id(lot.id)}/quality?from=${from}&to=${today()}`);
  if (!found) return null;
  const days = [...found.quality].reverse();
  const of = (date) => days.find((one) => one.date === date)?.samples;
  const yesterday = isoDay(Date.now() - 86400000);
  const at = new Date(Date.now() + BEIJING_MS).toISOString().slice(11, 16);
  return panel(t('数据质量', 'Quality'), days.length ? [
    strip(lastDay(of(yesterday), of(today())), t(`昨天 ${at}`, `yesterday ${at}`), t('现在', 'now')), stripKey(),
    table({ caption: t('最近七天', 'The last seven days'), rows: days, columns: [
      { label: t('日期', 'Day'), head: true, show: (d) => day(d.date) },
      { label: t('在线率', 'Online'), numeric: true, show: (d) => percent(d.online_rate) }, { label: t('及时率', 'Timely'), numeric: true, show: (d) => percent(d.timeliness) },
      { label: t('完整率', 'Complete'), numeric: true, show: (d) => percent(d.completeness) },
      { label: t('等级', 'Colour'), show: (d) => h('div', { class: 'tags' }, colourTag(d.colour), d.because ? h('small', null, rule(d.because)) : null) },
      { label: t('疑点', 'Doubts'), show: (d) => (d.flags.length ? h('div', { class: 'tags' }, d.flags.map((one) => flagTag(one))) : '') }] })] : empty(t('还没有记录', 'No records yet')));
}

// --- what people add

function adder(word, title, fields, path, done) {
  return button(word, () => askFor(title, { fields }, async (values) => {
    const made = await post(path, values);
    await refresh();
    say(done ? done(made) : t('已保存', 'Saved'));
  }));
}

export async function handcountPanel(lot, add = true) {
  const path = `/v1/operator/lots/${id(lot.id)}/handcounts`;
  const found = await maybe(path);
  if (!found) return null;
  const told = (made) => (made.ok ? t(`相差 ${made.difference}，在允许的 ±${made.tolerance} 之内`, `${made.difference} off, within ±${made.tolerance}`) : t(`相差 ${made.difference}，超出允许的 ±${made.tolerance}`, `${made.difference} off, beyond ±${made.tolerance}`));
  const rows = [...found.handcounts].sort((a, b) => (a.at < b.at ? 1 : -1)).slice(0, 10);
  return panel([t('现场清点', 'Counts by hand'), add ? adder(t('录入清点', 'Add a count'), t('现场清点', 'Count by hand'), [
    { name: 'counted', label: t('现场数到的空位', 'Free places counted'), type: 'number', min: 0, step: 1, required: true },
    { name: 'at', label: t('清点时间（北京时间）', 'When (Beijing time)'), type: 'datetime-local', value: toLocal(Date.now()) }], path, told) : null],
  table({ caption: t('现场清点', 'Counts by hand'), rows, none: t('还没有清点', 'No counts yet'), columns: [
    { label: t('时间', 'When'), head: true, show: (c) => when(c.at) }, { label: t('清点', 'Counted'), numeric: true, show: (c) => c.counted }, { label: t('系统', 'Reported'), numeric: true, show: (c) => c.reported },
    { label: t('结果', 'Result'), show: (c) => (c.ok ? tag(t('相符', 'agrees'), 'good') : tag(t(`差 ${c.difference}`, `${c.difference} off`), 'bad')) }, { label: t('经手', 'By'), show: (c) => c.by }] }));
}

export async function windowsPanel(lot, add = true) {
  const path = `/v1/operator/lots/${id(lot.id)}/windows`;
  const found = await maybe(path);
  if (!found) return null;
  const now = Date.now();
  return panel([t('维护时段', 'Maintenance'), add ? adder(t('申报维护', 'Announce'), t('申报维护', 'Announce maintenance'), [
    { name: 'from', label: t('开始（北京时间）', 'From (Beijing time)'), type: 'datetime-local', value: toLocal(now + 3600000), required: true },
    { name: 'to', label: t('结束', 'To'), type: 'datetime-local', value: toLocal(now + 3 * 3600000), required: true }, whyField()], path) : null],
  h('p', { class: 'soft' }, t('事先申报的维护不计入考核。', 'Announced maintenance does not count in the assessment.')),
  table({ caption: t('维护时段', 'Maintenance'), rows: [...found.windows].sort((a, b) => (a.from < b.from ? 1 : -1)).slice(0, 10), none: t('没有', 'None'), columns: [
    { label: t('开始', 'From'), head: true, show: (w) => when(w.from) }, { label: t('结束', 'To'), show: (w) => when(w.to) }, { label: t('原因', 'Why'), show: (w) => w.why }, { label: t('经手', 'By'), show: (w) => w.by }] }));
}

export async function objectionsPanel(lot, add = true) {
  const path = `/v1/operator/lots/${id(lot.id)}/objections`;
  const found = await maybe(path);
  if (!found) return null;
  const yesterday = isoDay(Date.now() - 86400000);
  return panel([t('申诉', 'Objections'), add ? adder(t('提出申诉', 'Object'), t('对记录提出申诉', 'Object to a record'), [
    { name: 'from', label: t('从哪天', 'From'), type: 'date', value: yesterday, required: true }, { name: 'to', label: t('到哪天', 'To'), type: 'date', value: yesterday }, whyField()], path) : null],
  table({ caption: t('申诉', 'Objections'), rows: found.objections, none: t('没有', 'None'), columns: objectionColumns() }));
}

export const objectionColumns = () => [
  { label: t('日期', 'Days'), head: true, by: (o) => o.from, show: (o) => (o.from === o.to ? day(o.from) : `${day(o.from)} – ${day(o.to)}`) }, { label: t('理由', 'Why'), show: (o) => o.why },
  { label: t('经手', 'By'), show: (o) => o.by }, { label: t('处理', 'Decision'), show: (o) => [objectionTag(o.state), o.decision ? h('p', { class: 'small' }, o.decision) : null] }];

// --- raw bodies, with what is secret taken out

export function bodyList(bodies) {
  if (!bodies.length) return empty(t('还没有收到报文', 'Nothing has come yet'));
  return h('div', { class: 'stack tight' }, [...bodies].sort((a, b) => b.n - a.n).map((one, i) => h('details', { open: i === 0 },
    h('summary', null, `#${one.n} · ${when(one.at)} · ${one.size} B`, one.status ? ` · HTTP ${one.status}` : '', one.error ? [' ', tag(t('读不懂', 'not understood'), 'bad')] : ''),
    one.error ? h('p', { class: 'note bad' }, one.error) : null, h('pre', { class: 'raw', tabindex: '0', 'aria-label': t('原始报文', 'Raw body') }, pretty(one.body ?? one.base64 ?? '')),
    one.cut ? h('small', null, t('太长，后面略去', 'Too long; the rest is left out')) : null)));
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

export const registrationFacts = (lot) => facts([
  [t('编码', 'Code'), lot.id], [t('经营单位', 'Operator'), lot.operator], [t('地址', 'Address'), lot.address], [t('街道、片区', 'Area'), lot.area], [t('性质', 'Kind'), lot.kind],
  [t('总泊位', 'Places'), lot.total], [t('开放泊位', 'Open places'), lot.open], [t('开放时间', 'Hours'), lot.hours_text], [t('收费', 'Fees'), lot.fee_text],
  [t('免费分钟', 'Free minutes'), lot.free_minutes], [t('限高', 'Height limit'), lot.height_m ? `${lot.height_m} m` : null], [t('电话', 'Phone'), lot.phone],
  [t('暖蜂限停', 'Couriers may stay'), lot.courier_minutes ? `${lot.courier_minutes} min` : null],
  [t('入口', 'Entrance'), lot.entrance ? [lot.entrance.name, `${lot.entrance.lng}, ${lot.entrance.lat} (${(lot.entrance.datum ?? '').toUpperCase()})`].filter(Boolean).join(' ') : null],
  [t('位置', 'Place'), lot.location ? `${lot.location.lng}, ${lot.location.lat} (${(lot.location.datum ?? lot.location.crs ?? '').toUpperCase()})` : null],
  [t('数据来源', 'Feed'), lot.feed], [t('对方编码', 'Its name there'), lot.foreign_id], [t('备注', 'Notes'), said(lot.notes)]]);

