// SPDX-License-Identifier: MIT
// The columns of car parks, for the office and for operators.

import { h } from './dom.js';
import { t } from './i18n.js';
import { bandTag, freshTag, flagTag, resultTag, stageTag, STAGES } from './words.js';
import { ago } from './time.js';

const flags = (list) => h('div', { class: 'tags' }, (list ?? []).map((one) => flagTag(one)));

const freshnessOf = (reading) => (reading?.observed_at ? reading.freshness : 'never');

export function lotColumns(link) {
  return [
    { label: t('名称', 'Name'), head: true, by: (l) => l.name, show: (l) => [h('a', { href: link(l) }, l.name), h('div', null, h('small', { class: 'mono' }, l.id))] },
    { label: t('状态', 'State'), by: (l) => STAGES.indexOf(l.state), show: (l) => h('div', { class: 'tags' }, stageTag(l.state), l.acceptance && l.state === 'testing' ? resultTag(l.acceptance.state) : null) },
    { label: t('空位', 'Free'), numeric: true, by: (l) => l.reading?.free, show: (l) => h('span', null, h('b', null, l.reading?.free ?? '–'), ` / ${l.open ?? l.total ?? '–'}`) },
    { label: t('余位', 'Level'), by: (l) => l.reading?.band, show: (l) => bandTag(l.reading?.band ?? 'unknown') },
    { label: t('数据', 'Data'), by: (l) => l.reading?.observed_at, show: (l) => h('div', { class: 'tags' }, freshTag(freshnessOf(l.reading)), h('small', null, l.reading?.observed_at ? ago(l.reading.observed_at) : '')) },
    { label: t('疑点', 'Doubts'), show: (l) => (l.reading?.quality?.length ? flags(l.reading.quality) : '') },
  ];
}
