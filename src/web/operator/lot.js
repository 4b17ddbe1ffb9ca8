// SPDX-License-Identifier: MIT
// One car park: its data, its test, who reports it, and what is kept about it.

import { h, button, facts, panel, say, tag } from '../office/dom.js';
import { t } from '../office/i18n.js';
import { get, post, del, id } from '../office/api.js';
import { askFor, showSecret } from '../office/dialog.js';
import { table } from '../office/table.js';
import { stageTag } from '../office/words.js';
import { ago, when } from '../office/time.js';
import { refresh } from '../office/router.js';
import { readingPanel, dayPanel, acceptancePanel, qualityPanel, handcountPanel, windowsPanel, objectionsPanel, registrationFacts } from '../office/lot-parts.js';
import { nextStep, PEOPLE } from './lots.js';

function confirm(lot, what, title, text) {
  return () => askFor(title, { text, fields: [], submit: title }, async () => {
    await post(`/v1/operator/lots/${id(lot.id)}/${what}`);
    await refresh();
    say(t('已办理', 'Done'));
  });
}

function steps(lot) {
  if (lot.state === 'registered') {
    return button(t('提交联调', 'Hand it in'), confirm(lot, 'submit', t('提交联调', 'Hand it in'), t('之后自动测试：数据要准时、合理，断线后要能恢复。通过后由主管部门审批。', 'A test runs by itself then: data must be regular and plausible, and come back after an outage. The office decides when it has passed.')), 'main');
  }
  if (lot.state === 'testing') return button(t('撤回', 'Withdraw'), confirm(lot, 'withdraw', t('撤回', 'Withdraw'), t('联调停止，可以修改后重新提交。', 'The test ends; change what you like and hand it in again.')));
  return null;
}

// --- attendants

function addAttendant(lot) {
  askFor(t('新的值守员', 'A new attendant'), { text: t('给每位值守员各发一个链接，谁离开就吊销谁的。', 'Each attendant gets a link of their own; revoke it when they leave.'),
    fields: [{ name: 'label', label: t('位置或称呼', 'Gate or name'), required: true, max: 40, placeholder: t('东门', 'east gate'), wide: true }], submit: t('生成链接', 'Make the link') }, async (values) => {
    const made = await post(`/v1/operator/lots/${id(lot.id)}/attendants`, values);
    await refresh();
    showSecret(t('值守员链接', 'The attendant’s link'), t('只显示这一次。发到值守员的手机上打开即可。', 'It is shown this once. Send it to the attendant’s phone and open it there.'), `${location.origin}${made.link}`);
  });
}

function revoke(lot, one) {
  askFor(t('吊销链接', 'Revoke the link'), { text: t(`${one.label} 将不能再上报。`, `${one.label} cannot report any more.`), fields: [], submit: t('吊销', 'Revoke'), danger: true }, async () => {
    await del(`/v1/operator/lots/${id(lot.id)}/attendants/${id(one.id)}`);
    await refresh();
    say(t('已吊销', 'Revoked'));
  });
}

async function attendantsPanel(lot) {
  if (lot.feed && lot.feed !== PEOPLE) return null;
  const { attendants } = await get(`/v1/operator/lots/${id(lot.id)}/attendants`);
  return panel([t('值守员（手机上报）', 'Attendants (by phone)'), button(t('新的值守员', 'A new attendant'), () => addAttendant(lot))],
    h('p', { class: 'soft' }, t('没有停车系统的车场，由值守员在手机上报空位。', 'Without a parking system, attendants report free places by phone.')),
    table({ caption: t('值守员', 'Attendants'), rows: attendants, none: t('还没有', 'None yet'), columns: [
      { label: t('位置或称呼', 'Gate or name'), head: true, show: (a) => a.label }, { label: t('发放', 'Given'), show: (a) => when(a.created) },
      { label: t('操作', 'Actions'), bare: true, show: (a) => button(t('吊销', 'Revoke'), () => revoke(lot, a), 'plain danger') }] }));
}

function sourcePanel(lot) {
  if (!lot.feed) {
    return panel(t('数据来源', 'Where its counts come from'), h('p', null, t('还没有。有停车系统的，登记数据来源后在“修改登记”里选它；没有的，请值守员上报。', 'None yet. With a parking system: register a feed, then choose it under “Edit”. Without: name attendants.')),
      h('div', { class: 'row' }, h('a', { class: 'button', href: '#/connect' }, t('登记数据来源', 'Register a feed')), button(t('新的值守员', 'A new attendant'), () => addAttendant(lot))));
  }
  if (lot.feed === PEOPLE) return null;
  return panel(t('数据来源', 'Where its counts come from'), facts([[t('来源', 'Feed'), h('a', { href: `#/feeds/${id(lot.feed)}` }, lot.feed)], [t('对方编码', 'Its name there'), h('code', null, lot.foreign_id ?? lot.id)],
    [t('上次数据', 'Last data'), lot.reading?.observed_at ? ago(lot.reading.observed_at) : t('从未', 'never')]]));
}

export async function lot([ident], page) {
  const one = await get(`/v1/operator/lots/${id(ident)}`);
  const tested = one.state === 'testing' || one.state === 'registered';
  const parts = await Promise.all([dayPanel(one), qualityPanel(one), attendantsPanel(one), handcountPanel(one), windowsPanel(one), objectionsPanel(one)]);
  page.every(tested ? 3000 : 20000, refresh); // somebody waits for what comes next
  return {
    back: ['', t('我的车场', 'My car parks')],
    title: one.name,
    mark: [stageTag(one.state), ' ', tag(...nextStep(one))],
    lead: one.id,
    actions: [h('a', { class: 'button', href: `#/edit/${id(one.id)}` }, t('修改登记', 'Edit')), steps(one)],
    body: h('div', { class: 'stack' }, tested ? acceptancePanel(one.acceptance) : null, h('div', { class: 'halves' }, readingPanel(one), parts[0]),
      h('div', { class: 'halves' }, sourcePanel(one), parts[2]), parts[1], h('div', { class: 'halves' }, parts.slice(3)), panel(t('登记信息', 'Registration'), registrationFacts(one))),
  };
}
