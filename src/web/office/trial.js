// SPDX-License-Identifier: MIT
// What a trial showed: what came, what it would become, what was refused and why.

import { h, tag, panel } from './dom.js';
import { t } from './i18n.js';
import { table } from './table.js';
import { failure } from './explain.js';
import { band } from './words.js';
import { when } from './time.js';

function came(list) {
  return h('ul', { class: 'stack tight' }, list.map((one) => h('li', { class: 'small' }, h('b', null, `${one.method ?? ''} ${one.url ?? t('样本', 'sample')}`), ' ',
    [one.status ? `HTTP ${one.status}` : null, one.content_type, one.size !== undefined && one.size !== null ? `${one.size} B` : null, one.took_ms ? `${one.took_ms} ms` : null].filter(Boolean).join(' · '),
    one.error ? h('span', { class: 'wrong' }, ` ${one.error}`) : null)));
}

function reports(list) {
  const refused = (r) => (r.refused ? tag(t('不收', 'refused'), 'bad') : r.registered ? tag(t('已登记', 'registered'), 'good') : tag(t('未登记', 'not registered'), 'mild'));
  return table({ caption: t('读出的车场', 'Reports'), rows: list, none: t('没有读出任何车场', 'No car park was read'), columns: [
    { label: t('对方编码', 'Its name there'), head: true, show: (r) => [h('code', null, r.lot), r.name ? h('div', null, h('small', null, r.name)) : null] },
    { label: t('空位', 'Free'), numeric: true, show: (r) => r.free ?? (r.band && r.band !== 'unknown' ? band(r.band) : '–') }, { label: t('总数', 'Total'), numeric: true, show: (r) => r.total ?? r.open ?? '–' },
    { label: t('数据时间', 'Time'), show: (r) => (r.source_time ? when(r.source_time) : r.source_ms ? when(r.source_ms) : '–') },
    { label: t('结果', 'Result'), show: (r) => [refused(r), r.refused ? h('p', { class: 'small' }, r.refused.text) : null, r.registered ? h('small', null, ` ${r.registered}`) : null] }] });
}

// Kept bodies, read by other parameters: what each lot says now and would say.
function replayed(list) {
  const said = (one) => one?.free ?? (one?.band && one.band !== 'unknown' ? band(one.band) : '–');
  return table({ caption: t('重读的车场', 'Read again'), rows: list, none: t('没有读出任何车场', 'No car park was read'), columns: [
    { label: t('对方编码', 'Its name there'), head: true, show: (r) => h('code', null, r.lot) }, { label: t('条数', 'Reports'), numeric: true, show: (r) => r.in },
    { label: t('现在的空位', 'Free as now'), numeric: true, show: (r) => said(r.before) }, { label: t('重读的空位', 'Free by these'), numeric: true, show: (r) => said(r.after) },
    { label: t('结果', 'Result'), show: (r) => (r.differs ? [tag(t(`${r.differs} 条不同`, `${r.differs} differ`), 'mild'), h('p', { class: 'small' }, r.changed.join(', '))] : tag(t('一样', 'the same'), 'good')) }] });
}

const wrongs = (list) => h('details', { open: true }, h('summary', null, t(`读不懂的条目（${list.length}）`, `Not understood (${list.length})`)),
  h('ul', null, list.map((one) => h('li', { class: 'small' }, h('code', null, one.at ?? one.pointer ?? ''), ' ', one.reason ?? one.text ?? JSON.stringify(one)))));

export function trialResult(shown) {
  const words = shown.error ? failure(shown.error.text, shown.came?.at?.(-1)?.status) : null;
  const none = !(shown.reports ?? shown.lots ?? []).length;
  return panel([t('试验结果', 'What the trial showed'), shown.ok === false || shown.error ? tag(t('没有成功', 'it failed'), 'bad') : tag(t('成功', 'it worked'), none ? 'mild' : 'good')],
    shown.error ? h('div', { class: 'note bad' }, words ? h('p', null, words) : null, h('p', { class: 'small' }, shown.error.text, shown.error.at ? ` (${shown.error.at})` : '')) : null,
    shown.came?.length ? came(shown.came) : null, shown.reports ? reports(shown.reports) : null,
    shown.lots ? [h('p', { class: 'soft small' }, t(`重读了 ${shown.bodies} 份报文`, `${shown.bodies} bodies were read again`)), replayed(shown.lots)] : null,
    shown.faults?.length ? wrongs(shown.faults) : null, shown.errors?.length ? wrongs(shown.errors) : null,
    Array.isArray(shown.bodies) && shown.bodies.length ? h('pre', { class: 'raw', tabindex: '0' }, JSON.stringify(shown.bodies, null, 2)) : null);
}
