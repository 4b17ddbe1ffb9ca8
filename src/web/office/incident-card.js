// SPDX-License-Identifier: MIT
// One incident: what, since when, what to do, and who heard of it (for staff).

import { h, tag } from './dom.js';
import { t, said } from './i18n.js';
import { id } from './api.js';
import { when, ago, span } from './time.js';

const OBJECTS = () => ({ feed: t('数据来源', 'Feed'), sink: t('上级平台', 'Platform'), lot: t('停车场', 'Car park') });
const link = (one) => `#/${{ feed: 'feeds', lot: 'lots' }[one.kind] ? `${{ feed: 'feeds', lot: 'lots' }[one.kind]}/${id(one.object)}` : 'sinks'}`;

// "begin:duty" → duty: who heard that it began or ended.
const heard = (told, what) => (told ?? []).filter((one) => one.startsWith(`${what}:`)).map((one) => one.slice(what.length + 1));

export function incidentCard(one) {
  const begun = heard(one.told, 'begin');
  return h('article', { class: 'panel' },
    h('header', null, h('h2', null, OBJECTS()[one.kind], ' ', h('a', { href: link(one) }, one.name || one.object)), h('div', { class: 'tags' }, one.until ? tag(t('已恢复', 'over'), 'good') : tag(t('进行中', 'going on'), 'bad'))),
    h('p', null, said(one.what)),
    h('p', { class: 'soft small' }, t(`${when(one.since)} 起`, `since ${when(one.since)}`), one.until ? t(`，持续 ${span(Date.parse(one.until) - Date.parse(one.since))}`, `, for ${span(Date.parse(one.until) - Date.parse(one.since))}`) : ` (${ago(one.since)})`),
    one.told ? h('p', { class: 'small soft' }, begun.length ? t(`已通知：${begun.join('、')}`, `Told: ${begun.join(', ')}`) : t('还没有通知任何人', 'Nobody has been told yet')) : null);
}
