// SPDX-License-Identifier: MIT
// The operator's own sheet of a month.

import { h, button, panel } from '../office/dom.js';
import { t } from '../office/i18n.js';
import { get, id } from '../office/api.js';
import { table } from '../office/table.js';
import { go } from '../office/router.js';
import { shift, sumColumns, sumFigures, thisMonth } from '../office/month-parts.js';

export async function month([asked]) {
  const name = asked ?? thisMonth();
  const m = await get(`/v1/operator/month/${name}`);
  return {
    title: t('月考核', 'Month'),
    lead: name,
    actions: [button(`‹ ${t('上月', 'Before')}`, () => go(`month/${shift(name, -1)}`)), name < thisMonth() ? button(`${t('下月', 'After')} ›`, () => go(`month/${shift(name, 1)}`)) : null, button(t('打印', 'Print'), () => print(), 'main')],
    body: h('div', { class: 'stack' }, panel(t('合计', 'All together'), sumFigures(m.sum)),
      panel(t('各车场', 'Car parks'), table({ caption: t('各车场', 'Car parks'), rows: m.lots, none: t('没有记录', 'No records'), columns: sumColumns({ label: t('车场', 'Car park'), head: true, by: (l) => l.name, show: (l) => h('a', { href: `#/lots/${id(l.lot)}` }, l.name) }) }))),
  };
}
