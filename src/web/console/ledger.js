// SPDX-License-Identifier: MIT
// The ledger (台账): how far the district is, and what stands in the way of the rest.

import { h, fill, panel, button, unique } from '../office/dom.js';
import { t, plural } from '../office/i18n.js';
import { get, query, id } from '../office/api.js';
import { table } from '../office/table.js';
import { stage, stageTag, modeTag, STAGES } from '../office/words.js';
import { progress } from '../office/draw.js';
import { day, today } from '../office/time.js';
import { go, trouble } from '../office/router.js';
import { may } from '../office/shell.js';
import { editEntry } from './entry.js';

const kept = { state: '', mode: '', q: '' }; // while the page is open

function chooser(label, name, options, changed) {
  const at = unique('filter');
  const node = h('select', { id: at, onchange: () => changed(name, node.value) }, options.map(([key, word]) => h('option', { value: key, selected: kept[name] === key }, word)));
  return h('div', { class: 'field' }, h('label', { for: at }, label), node);
}

function filters(changed) {
  const at = unique('filter');
  let waiting = null;
  const search = h('input', { id: at, type: 'search', value: kept.q, placeholder: t('名称、地址、编码、单位', 'name, address, code, operator'), oninput: () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => changed('q', search.value.trim()), 250);
  } });
  return h('div', { class: 'fields' },
    h('div', { class: 'field' }, h('label', { for: at }, t('查找', 'Search')), search),
    chooser(t('状态', 'State'), 'state', [['', t('全部', 'all')], ...STAGES.map((one) => [one, stage(one)])], changed),
    chooser(t('方式', 'How'), 'mode', [['', t('全部', 'all')], ['auto', t('自动', 'automatic')], ['manual', t('人工', 'by hand')]], changed));
}

// The account that runs it, or, until it has one, the name in the office's sheet.
export const runner = (entry) => entry.operator_name ?? entry.operator ?? '';

export function due(entry) {
  if (!entry.next_date) return '';
  const late = entry.next_date < today() && !['connected', 'retired'].includes(entry.state);
  return h('span', { class: late ? 'tag bad' : null }, late ? t('已过期 ', 'overdue ') : '', day(entry.next_date));
}

function list(entries) {
  return table({
    caption: t('台账', 'Ledger'),
    none: t('没有符合条件的停车场', 'No car park fits'),
    rows: entries,
    columns: [
      { label: t('名称', 'Name'), head: true, by: (e) => e.name, show: (e) => [h('a', { href: `#/ledger/${id(e.id)}` }, e.name), h('div', null, h('small', { class: 'mono' }, e.id))] },
      { label: t('状态', 'State'), by: (e) => STAGES.indexOf(e.state), show: (e) => h('div', { class: 'tags' }, stageTag(e.state), e.mode ? modeTag(e.mode) : null) },
      { label: t('经营单位', 'Operator'), by: runner, show: runner },
      { label: t('泊位', 'Places'), numeric: true, by: (e) => e.total, show: (e) => e.total },
      { label: t('障碍', 'Obstacle'), by: (e) => e.obstacle, show: (e) => e.obstacle },
      { label: t('下次日期', 'Next date'), tight: true, by: (e) => e.next_date, show: due },
    ],
  });
}

const exports = () => [
  may('officer') ? h('a', { class: 'button', href: '#/import' }, t('导入表格', 'Import a sheet')) : null,
  h('a', { class: 'button', href: '/v1/admin/ledger/export?format=xlsx', download: '' }, t('导出 Excel', 'Export Excel')),
  h('a', { class: 'button', href: '/v1/admin/ledger/export?format=csv', download: '' }, t('导出 CSV', 'Export CSV')),
];

function byGroup(title, groups) {
  if (!groups?.length) return null;
  return h('div', null, h('h3', null, title), table({
    caption: title, rows: groups,
    columns: [{ label: t('名称', 'Name'), head: true, show: (g) => g.name || t('（未填）', '(none)'), by: (g) => g.name },
      { label: t('已接入', 'Connected'), numeric: true, show: (g) => `${g.connected} / ${g.total}`, by: (g) => g.connected },
      { label: t('自动', 'Automatic'), numeric: true, show: (g) => g.auto, by: (g) => g.auto },
      { label: t('人工', 'By hand'), numeric: true, show: (g) => g.manual, by: (g) => g.manual }],
  }));
}

export async function ledger(args, page) {
  const body = h('div');
  const results = h('p', { class: 'soft', role: 'status' });
  const bar = h('div');
  const ask = async () => {
    const found = await get(`/v1/admin/ledger${query(kept)}`);
    if (!page.live()) return;
    fill(bar, progress(found.progress));
    fill(results, t(`${found.count} 个停车场`, plural(found.count, 'car park')));
    fill(body, list(found.ledger));
  };
  await ask();
  const groups = h('div', { class: 'halves' });
  const changed = (name, value) => {
    kept[name] = value;
    ask().catch((error) => page.live() && fill(body, trouble(error)));
  };
  const more = h('details', { ontoggle: async () => {
    if (groups.childElementCount) return;
    const report = await get('/v1/admin/ledger/report').catch(trouble);
    if (report instanceof Node) fill(groups, report);
    else fill(groups, byGroup(t('按街道', 'By street'), report.areas), byGroup(t('按经营单位', 'By operator'), report.operators));
  } }, h('summary', null, t('按街道和经营单位', 'By street and operator')), groups);
  return {
    title: t('台账', 'Ledger'),
    lead: t('全区每一个公共停车场，从普查到接入。', 'Every public car park of the district, from the survey to connected.'),
    actions: [...exports(), may('officer') ? button(t('新增', 'Add'), () => editEntry(null, (made) => go(`ledger/${made}`)), 'main') : null],
    body: h('div', { class: 'stack' }, panel(t('进度', 'Progress'), bar, more), panel(t('停车场', 'Car parks'), filters(changed), results, body)),
  };
}
