// SPDX-License-Identifier: MIT
// A month's sums: figures, grades, columns.

import { h } from './dom.js';
import { t } from './i18n.js';
import { percent } from './words.js';
import { today } from './time.js';

export const shift = (month, by) => new Date(Date.UTC(Number(month.slice(0, 4)), Number(month.slice(5, 7)) - 1 + by, 15)).toISOString().slice(0, 7);
export const thisMonth = () => today().slice(0, 7);
export const gradeWord = (grade) => ({ 优: t('优', 'A 优'), 良: t('良', 'B 良'), 中: t('中', 'C 中'), 差: t('差', 'D 差') })[grade] ?? '–';

export function sumFigures(sum, more = []) {
  const rows = [...more, [t('在线率', 'Online'), percent(sum.online_rate)], [t('及时率', 'Timely'), percent(sum.timeliness)], [t('完整率', 'Complete'), percent(sum.completeness)],
    [t('真实性', 'Honesty'), percent(sum.honesty)], [t('得分', 'Score'), sum.score === null ? '–' : `${sum.score}`], [t('等次', 'Grade'), gradeWord(sum.grade)]];
  return h('div', { class: 'figures' }, rows.map(([word, value]) => h('div', null, h('b', null, value), h('span', { class: 'soft small' }, word))));
}

export function sumColumns(first) {
  return [first, { label: t('在线率', 'Online'), numeric: true, by: (l) => l.online_rate, show: (l) => percent(l.online_rate) }, { label: t('及时率', 'Timely'), numeric: true, by: (l) => l.timeliness, show: (l) => percent(l.timeliness) },
    { label: t('完整率', 'Complete'), numeric: true, by: (l) => l.completeness, show: (l) => percent(l.completeness) }, { label: t('不变天数', 'Frozen d'), numeric: true, by: (l) => l.frozen_days, show: (l) => l.frozen_days },
    { label: t('红/橙天数', 'Red/orange d'), numeric: true, by: (l) => l.colours.red * 100 + l.colours.orange, show: (l) => `${l.colours.red} / ${l.colours.orange}` },
    { label: t('得分', 'Score'), numeric: true, by: (l) => l.score, show: (l) => l.score ?? '–' }, { label: t('等次', 'Grade'), by: (l) => l.score, show: (l) => gradeWord(l.grade) }];
}
