// SPDX-License-Identifier: MIT
// The month's report: made for one A4 page, the curve to all, what stands in the way, the grades.

import { h, button, say, tag } from '../office/dom.js';
import { t, plural } from '../office/i18n.js';
import { get, post } from '../office/api.js';
import { askFor } from '../office/dialog.js';
import { table } from '../office/table.js';
import { percent, stage } from '../office/words.js';
import { curveChart } from '../office/draw.js';
import { day, when } from '../office/time.js';
import { go, refresh } from '../office/router.js';
import { gradeWord, shift, sumColumns, sumFigures, thisMonth } from '../office/month-parts.js';
import { may } from '../office/shell.js';

const WORST = 12;
function obstacles(inputs) {
  const list = inputs.obstacles ?? [];
  const known = list.filter((o) => o.obstacle || o.plan || o.next_date).sort((a, b) => ((a.next_date ?? '9') < (b.next_date ?? '9') ? -1 : 1));
  const rest = list.filter((o) => !known.includes(o));
  return [known.length || !rest.length ? table({ caption: t('未接入的停车场', 'Not connected yet'), rows: known, none: t('全部已接入', 'All are connected'), columns: [
    { label: t('停车场', 'Car park'), head: true, show: (o) => o.name }, { label: t('状态', 'State'), tight: true, show: (o) => stage(o.state) }, { label: t('障碍', 'Obstacle'), show: (o) => o.obstacle },
    { label: t('办法', 'What is done'), show: (o) => o.plan }, { label: t('下次日期', 'Next date'), tight: true, show: (o) => (o.next_date ? day(o.next_date) : '') }] }) : null,
  rest.length ? h('p', { class: 'small' }, t(`还没有登记障碍和日期的（${rest.length}）：`, `Without obstacle or date so far (${rest.length}): `), rest.map((o) => o.name).join(t('、', ', '))) : null];
}

function sheet(m) {
  const { inputs } = m;
  const curve = inputs.curve ?? [];
  const last = curve.at(-1);
  const worst = [...m.lots].sort((a, b) => (a.score ?? 101) - (b.score ?? 101)).slice(0, WORST);
  return h('article', { class: 'sheet', 'aria-labelledby': 'sheet-title' },
    h('header', { class: 'row apart' }, h('h2', { id: 'sheet-title' }, t(`${m.district}公共停车数据接入月报 ${m.month}`, `${m.district}: public parking, report of ${m.month}`)),
      m.frozen ? tag(m.verified === false ? t('封存后有改动！', 'altered after it was frozen!') : t('已封存', 'frozen'), m.verified === false ? 'bad' : 'good') : tag(t('未封存', 'not frozen'), 'mild')),
    sumFigures(m.sum, [[t('已接入', 'Connected'), last ? `${last.connected} / ${inputs.total}` : `– / ${inputs.total}`]]),
    h('div', { class: 'halves' }, h('section', null, h('h3', null, t('接入曲线', 'The curve')), curve.length ? curveChart(curve, inputs.total, 180) : null),
      h('section', null, h('h3', null, t('各经营单位', 'Operators')), table({ caption: t('各经营单位', 'Operators'), rows: m.operators, none: t('没有', 'None'), columns: [
        { label: t('单位', 'Operator'), head: true, show: (o) => o.name || o.operator || t('（未填）', '(none)') }, { label: t('车场', 'Car parks'), numeric: true, show: (o) => o.lots },
        { label: t('在线率', 'Online'), numeric: true, show: (o) => percent(o.online_rate) }, { label: t('得分', 'Score'), numeric: true, show: (o) => o.score ?? '–' }, { label: t('等次', 'Grade'), show: (o) => gradeWord(o.grade) }] }))),
    h('section', null, h('h3', null, t('障碍与下次日期（一场一策）', 'Obstacles and next dates')), obstacles(inputs)),
    h('section', null, h('h3', null, m.lots.length > WORST ? t(`得分最低的 ${WORST} 个车场（全部见表格）`, `The ${WORST} lowest (all in the spreadsheet)`) : t('各车场', 'Car parks')),
      table({ caption: t('各车场', 'Car parks'), rows: worst, none: t('没有记录', 'No records'), columns: sumColumns({ label: t('车场', 'Car park'), head: true, by: (l) => l.name, show: (l) => l.name }) })),
    h('footer', { class: 'small soft' }, t(`规则版本 ${m.rules_version}；维护 ${inputs.windows?.length ?? 0} 次，申诉 ${inputs.objections?.length ?? 0} 件。`, `Rules version ${m.rules_version}; ${plural(inputs.windows?.length ?? 0, 'maintenance window')}, ${plural(inputs.objections?.length ?? 0, 'objection')}. `),
      m.frozen ? [t(`${when(m.frozen_at)} 由 ${m.by} 封存，摘要 `, `Frozen ${when(m.frozen_at)} by ${m.by}, digest `), h('code', null, m.digest.slice(0, 16))] : null,
      m.addenda?.length ? t(` 封存后又处理申诉 ${m.addenda.length} 件。`, ` ${plural(m.addenda.length, 'objection')} decided since.`) : null));
}

function freeze(month) {
  askFor(t('封存月报', 'Freeze the report'), { text: t('封存后数字不再变化，规则、维护和申诉一并记下。', 'Its numbers do not change any more; rules, windows and objections are kept with it.'), fields: [], submit: t('封存', 'Freeze') }, async () => {
    await post(`/v1/admin/months/${month}/freeze`);
    await refresh();
    say(t('已封存', 'Frozen'));
  });
}

export async function month([asked]) {
  const name = asked ?? thisMonth();
  const m = await get(`/v1/admin/months/${name}`);
  const link = (format, word) => h('a', { class: 'button', href: `/v1/admin/months/${name}?format=${format}`, download: '' }, word);
  return {
    title: t('月报', 'Month'),
    lead: name,
    actions: [button(`‹ ${t('上月', 'Before')}`, () => go(`month/${shift(name, -1)}`)), name < thisMonth() ? button(`${t('下月', 'After')} ›`, () => go(`month/${shift(name, 1)}`)) : null,
      link('xlsx', 'Excel'), link('csv', 'CSV'), may('officer') && !m.frozen && name < thisMonth() ? button(t('封存', 'Freeze'), () => freeze(name)) : null, button(t('打印', 'Print'), () => print(), 'main')],
    body: sheet(m),
  };
}
