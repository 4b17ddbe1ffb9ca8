// SPDX-License-Identifier: MIT
// A day's records of all car parks, worst first, and the objections that wait.

import { h, button, panel, say } from '../office/dom.js';
import { t } from '../office/i18n.js';
import { get, put, id } from '../office/api.js';
import { askFor, whyField } from '../office/dialog.js';
import { table } from '../office/table.js';
import { colour, colourTag, flagTag, percent, rule } from '../office/words.js';
import { strip, stripKey } from '../office/draw.js';
import { day, isoDay, today } from '../office/time.js';
import { asked, go, refresh } from '../office/router.js';
import { may } from '../office/shell.js';
import { objectionColumns } from '../office/lot-parts.js';

const RANK = ['none', 'blue', 'yellow', 'orange', 'red'];
const shift = (date, days) => isoDay(Date.parse(`${date}T04:00:00Z`) + days * 86400000);

function picker(date) {
  const input = h('input', { type: 'date', value: date, max: today(), 'aria-label': t('日期', 'Day'), onchange: () => input.value && go(`quality?date=${input.value}`) });
  return [button(`‹ ${t('前一天', 'Day before')}`, () => go(`quality?date=${shift(date, -1)}`)), input,
    date < today() ? button(`${t('后一天', 'Day after')} ›`, () => go(`quality?date=${shift(date, 1)}`)) : null];
}

function reconciled(r) {
  if (r.reconciled === null || r.reconciled === undefined) return r.in === null || r.in === undefined ? '–' : `${r.in} / ${r.out}`;
  return r.reconciled ? t('相符', 'agrees') : t(`不符（${r.unreconciled_days} 天）`, `does not (${r.unreconciled_days} d)`);
}

function records(rows, names) {
  return table({ caption: t('记录', 'Records'), rows, none: t('这一天没有记录', 'No records of this day'), columns: [
    { label: t('车场', 'Car park'), head: true, by: (r) => names.get(r.lot) ?? r.lot, show: (r) => h('a', { href: `#/lots/${id(r.lot)}` }, names.get(r.lot) ?? r.lot) },
    { label: t('等级', 'Colour'), tight: true, by: (r) => RANK.indexOf(r.colour), show: (r) => h('div', { class: 'tags' }, colourTag(r.colour), r.because ? h('small', null, rule(r.because)) : null) },
    { label: t('48 格', '48 cells'), show: (r) => strip(r.samples) },
    { label: t('在线率', 'Online'), numeric: true, by: (r) => r.online_rate, show: (r) => percent(r.online_rate) }, { label: t('及时率', 'Timely'), numeric: true, by: (r) => r.timeliness, show: (r) => percent(r.timeliness) },
    { label: t('完整率', 'Complete'), numeric: true, by: (r) => r.completeness, show: (r) => percent(r.completeness) }, { label: t('进/出', 'In/out'), show: reconciled },
    { label: t('居民反映', 'Residents'), numeric: true, by: (r) => r.reported, show: (r) => r.reported || '' },
    { label: t('疑点', 'Doubts'), show: (r) => (r.flags.length ? h('div', { class: 'tags' }, r.flags.map((one) => flagTag(one))) : '') }] });
}

function objections(list, names) {
  const decide = (one) => askFor(t('处理申诉', 'Decide'), { text: `${names.get(one.lot) ?? one.lot} · ${one.why}`, fields: [
    { name: 'decision', label: t('决定', 'Decision'), type: 'select', wide: true, options: [['accepted', t('采纳：这些天不计入考核', 'accept: these days do not count')], ['refused', t('不采纳', 'refuse')]] }, whyField()] },
  async (values) => {
    await put(`/v1/admin/objections/${id(one.id)}`, values);
    await refresh();
    say(t('已处理', 'Decided'));
  });
  const columns = objectionColumns();
  columns.unshift({ label: t('车场', 'Car park'), head: true, show: (o) => h('a', { href: `#/lots/${id(o.lot)}` }, names.get(o.lot) ?? o.lot) });
  columns[1] = { ...columns[1], head: false };
  columns.push({ label: t('操作', 'Actions'), bare: true, show: (o) => (o.state === 'open' && may('officer') ? button(t('处理', 'Decide'), () => decide(o), 'plain') : null) });
  return table({ caption: t('申诉', 'Objections'), rows: list, columns });
}

export async function quality() {
  const date = asked().get('date') ?? today();
  const [found, lots, all] = await Promise.all([get(`/v1/admin/quality?date=${date}`), get('/v1/admin/lots'), get('/v1/admin/objections')]);
  const names = new Map(lots.lots.map((lot) => [lot.id, lot.name]));
  const rows = [...found.quality].sort((a, b) => RANK.indexOf(b.colour) - RANK.indexOf(a.colour) || (a.online_rate ?? 1) - (b.online_rate ?? 1));
  const open = [...all.objections].sort((a, b) => (a.state === 'open' ? 0 : 1) - (b.state === 'open' ? 0 : 1) || (a.at < b.at ? 1 : -1)).slice(0, 20);
  const count = (one) => rows.filter((row) => row.colour === one).length;
  return {
    title: t('数据质量', 'Quality'),
    lead: day(date),
    actions: picker(date),
    body: h('div', { class: 'stack' },
      h('p', { class: 'row' }, RANK.map((one) => h('span', { class: 'row' }, colourTag(one), h('b', { class: 'num', 'aria-label': `${colour(one)} ${count(one)}` }, String(count(one))))),
        h('a', { class: 'button plain', href: '#/rules' }, t('评定规则', 'Rules'))),
      open.length ? panel(t('申诉', 'Objections'), objections(open, names)) : null,
      panel(t('各车场', 'Car parks'), stripKey(), records(rows, names))),
  };
}
