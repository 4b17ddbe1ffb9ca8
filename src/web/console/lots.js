// SPDX-License-Identifier: MIT
// All registered car parks: what they say now, and which wait for a decision.

import { h, panel } from '../office/dom.js';
import { t } from '../office/i18n.js';
import { get, id } from '../office/api.js';
import { table } from '../office/table.js';
import { lotColumns } from '../office/lot-table.js';
import { refresh } from '../office/router.js';
import { may } from '../office/shell.js';

// Viewers see the registrations and what residents see; officers what the operators see too.
async function lotsOf() {
  if (may('officer')) return (await get('/v1/operator/lots')).lots;
  const [registered, shown] = await Promise.all([get('/v1/admin/lots'), get('/v1/lots')]);
  const now = new Map(shown.lots.map((one) => [one.id, one]));
  return registered.lots.map((one) => ({ ...one, state: one.stage ?? 'registered', reading: now.get(one.id) }));
}

export async function lots(args, page) {
  const found = await lotsOf();
  const all = [...found].sort((a, b) => (a.id < b.id ? -1 : 1));
  const columns = lotColumns((l) => `#/lots/${id(l.id)}`);
  columns.splice(1, 0, { label: t('经营单位', 'Operator'), by: (l) => l.operator, show: (l) => l.operator });
  const waiting = all.filter((l) => l.state === 'testing');
  page.every(30000, refresh);
  return {
    title: t('车场', 'Car parks'),
    lead: t('已登记的停车场和它们此刻的数据。', 'Registered car parks and what they say now.'),
    body: h('div', { class: 'stack' },
      waiting.length ? panel(t(`联调中，等待审批（${waiting.length}）`, `In their acceptance test (${waiting.length})`), table({ caption: t('联调中', 'In test'), rows: waiting, columns })) : null,
      panel(t('全部', 'All'), table({ caption: t('全部车场', 'All car parks'), rows: all, columns, none: t('还没有登记的停车场', 'No car park is registered yet') }))),
  };
}
