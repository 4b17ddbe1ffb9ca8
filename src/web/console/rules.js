// SPDX-License-Identifier: MIT
// The rules by which days get their colours and months their scores, and those of the acceptance test.

import { h, panel, say } from '../office/dom.js';
import { t } from '../office/i18n.js';
import { get, put } from '../office/api.js';
import { form } from '../office/form.js';
import { rule, colour } from '../office/words.js';
import { refresh } from '../office/router.js';
import { may } from '../office/shell.js';

const SHARES = ['online_rate', 'timeliness', 'completeness']; // people read them in per cent
const COLOURS = ['blue', 'yellow', 'orange', 'red'];

const shown = (name, limit) => (SHARES.includes(name) ? Math.round(limit * 1e6) / 1e4 : limit);
const held = (name, limit) => (SHARES.includes(name) && limit !== null ? limit / 100 : limit);

function colourFields(rules) {
  return Object.entries(rules.colours).map(([name, limits]) => ({
    legend: SHARES.includes(name) ? t(`${rule(name)}低于（%）`, `${rule(name)} below (%)`) : t(`${rule(name)}达到`, `${rule(name)} from`),
    cls: 'four',
    fields: limits.map((limit, i) => ({ name: `colours/${name}/${i}`, label: colour(COLOURS[i]), type: 'number', step: 'any', min: 0, value: limit === null ? '' : shown(name, limit) })),
  }));
}

// What was left empty means "never"; lists come out of the form as objects by index.
function colours(values, rules) {
  return Object.fromEntries(Object.keys(rules.colours).map((name) => [name, COLOURS.map((_, i) => held(name, values?.[name]?.[i] ?? null))]));
}

function colourForm(found) {
  const { rules } = found;
  const work = may('officer') ? async (values) => {
    await put('/v1/admin/rules', { colours: colours(values.colours, rules), score: values.score, grades: [0, 1, 2].map((i) => values.grades?.[i]) });
    await refresh();
    say(t('已保存，此后的报告用新规则', 'Saved; reports use them from now on'));
  } : null;
  return form({ work, groups: [...colourFields(rules),
    { legend: t('月度评分的权重', 'Weights of the month’s score'), cls: 'four', fields: Object.entries(rules.score).map(([name, value]) => ({ name: `score/${name}`, label: rule(name), type: 'number', min: 0, step: 'any', value })) },
    { legend: t('等次的最低分', 'Least scores of the grades'), cls: 'four', fields: ['优', '良', '中'].map((grade, i) => ({ name: `grades/${i}`, label: grade, type: 'number', min: 0, max: 100, step: 'any', value: rules.grades[i] })) }] });
}

function testForm(rules) {
  const words = { reports: t('自动：至少几条好数据', 'Automatic: good reports'), minutes: t('自动：至少持续几分钟', 'Automatic: over so many minutes'), manual_reports: t('人工：至少几条', 'By hand: reports'),
    manual_minutes: t('人工：至少持续几分钟', 'By hand: over so many minutes'), days: t('最多几天', 'At most so many days') };
  return form({ fields: Object.entries(rules).filter(([name]) => words[name]).map(([name, value]) => ({ name, label: words[name], type: 'number', min: 0, step: 1, value })),
    work: may('officer') ? async (values) => {
      await put('/v1/admin/rules/acceptance', values);
      say(t('已保存', 'Saved'));
    } : null });
}

export async function rules() {
  const [found, test] = await Promise.all([get('/v1/admin/rules'), get('/v1/admin/rules/acceptance')]);
  return {
    back: ['quality', t('数据质量', 'Quality')],
    title: t('评定规则', 'Rules'),
    lead: t('蓝、黄、橙、红四级；留空表示不评该级。每份报告都注明规则版本。', 'Four colours; an empty limit never applies. Every report names the version.'),
    body: h('div', { class: 'stack' }, panel([t('等级与评分', 'Colours and scores'), h('span', { class: 'soft small' }, t(`版本 ${found.version}`, `version ${found.version}`))], colourForm(found)), panel(t('联调（验收测试）', 'Acceptance test'), testForm(test))),
  };
}
