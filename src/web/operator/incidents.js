// SPDX-License-Identifier: MIT
// What went wrong with the operator's own feeds and car parks, and what to do.

import { h, empty } from '../office/dom.js';
import { t } from '../office/i18n.js';
import { get } from '../office/api.js';
import { incidentCard } from '../office/incident-card.js';
import { refresh } from '../office/router.js';

export async function incidents(args, page) {
  const { incidents: all } = await get('/v1/operator/incidents');
  const list = [...all].sort((a, b) => (a.since < b.since ? 1 : -1)).slice(0, 60);
  const open = list.filter((one) => !one.until);
  const over = list.filter((one) => one.until);
  page.every(15000, refresh);
  return {
    title: t('事件', 'Incidents'),
    lead: t('出了什么事，从什么时候起，该做什么。', 'What happened, since when, and what to do.'),
    body: h('div', { class: 'stack' }, open.length ? open.map((one) => incidentCard(one)) : empty(t('一切正常', 'All is well')),
      over.length ? h('details', null, h('summary', null, t(`已经恢复的（${over.length}）`, `Over (${over.length})`)), h('div', { class: 'stack' }, over.map((one) => incidentCard(one)))) : null),
  };
}
