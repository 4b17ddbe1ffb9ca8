// SPDX-License-Identifier: MIT
// One car park: what it says, whether it is to be believed, its test, and what the office decides.

import { h, button, panel, say, tag } from '../office/dom.js';
import { t } from '../office/i18n.js';
import { get, maybe, post, del, id } from '../office/api.js';
import { askFor, whyField } from '../office/dialog.js';
import { table } from '../office/table.js';
import { stageTag } from '../office/words.js';
import { when, toLocal } from '../office/time.js';
import { refresh } from '../office/router.js';
import { may } from '../office/shell.js';
import { readingPanel, dayPanel, acceptancePanel, qualityPanel, handcountPanel, windowsPanel, objectionsPanel, bodyList, registrationFacts } from '../office/lot-parts.js';

// Viewers see the registration and what residents see; officers what the operator sees too.
async function lotOf(ident) {
  const full = may('officer') ? await maybe(`/v1/operator/lots/${id(ident)}`) : null;
  const shown = await maybe(`/v1/lots/${id(ident)}`);
  const lot = full ?? await get(`/v1/admin/lots/${id(ident)}`);
  return { ...lot, state: lot.state ?? lot.stage, reading: { ...shown, ...lot.reading } };
}

function decide(lot, what, title, more = {}) {
  return () => askFor(title, { text: lot.name, fields: [whyField(more.why), ...(more.fields ?? [])], submit: title, danger: more.danger }, async (values) => {
    await post(`/v1/admin/lots/${id(lot.id)}/${what}`, values);
    await refresh();
    say(t('已办理', 'Done'));
  });
}

function approve(lot) {
  const passed = lot.acceptance?.state === 'passed';
  const override = { name: 'override', type: 'check', label: t('联调未通过也接入', 'Approve although the test has not passed'), pointer: '/override', wide: true };
  return button(t('批准接入', 'Approve'), decide(lot, 'approve', t('批准接入', 'Approve'), { why: { required: !passed, optional: passed }, fields: passed ? [] : [override] }), passed ? 'main' : '');
}

function decisions(lot) {
  if (!may('officer')) return [];
  const list = [];
  if (lot.state === 'testing') {
    list.push(button(t('退回', 'Send back'), decide(lot, 'refuse', t('退回', 'Send back'), { danger: true }), 'danger'), approve(lot));
  } else if (lot.state === 'connected') {
    list.push(button(t('暂停', 'Suspend'), decide(lot, 'suspend', t('暂停', 'Suspend'), { danger: true }), 'danger'));
  } else if (lot.state === 'suspended') {
    list.push(button(t('退出', 'Retire'), decide(lot, 'retire', t('退出', 'Retire'), { danger: true }), 'danger'), button(t('恢复', 'Resume'), decide(lot, 'resume', t('恢复', 'Resume')), 'main'));
  }
  return list;
}

function waive(lot) {
  const outage = lot.acceptance?.checks?.find((one) => one.name === 'outage');
  if (!may('officer') || lot.acceptance?.state !== 'running' || !outage || outage.result === 'pass') return [];
  return [button(t('豁免断线检查', 'Waive the outage'), decide(lot, 'waive', t('豁免断线检查', 'Waive the outage')))];
}

async function correctionsPanel(lot) {
  const path = `/v1/admin/lots/${id(lot.id)}/corrections`;
  const found = await maybe(path);
  if (!found) return null;
  const add = () => askFor(t('人工更正', 'Correct the count'), {
    text: t('按现场实际空位更正；之后的变化照常计算，到期自动失效，公布时带“人工”标记。', 'The count is shifted to what is really free; later changes count on; it ends by itself and is flagged.'),
    fields: [{ name: 'free', label: t('现在实际空位', 'Free places now'), type: 'number', min: 0, step: 1, required: true },
      { name: 'until', label: t('有效至（北京时间）', 'Until (Beijing time)'), type: 'datetime-local', required: true, value: toLocal(Date.now() + 4 * 3600000) }, whyField()],
  }, async (values) => {
    await post(path, values);
    await refresh();
    say(t('已更正', 'Corrected'));
  });
  const remove = (one) => async () => {
    await del(`/v1/admin/corrections/${id(one.id)}`);
    await refresh();
    say(t('已撤销', 'Taken back'));
  };
  const good = (one) => Date.parse(one.until) > Date.now();
  return panel([t('人工更正', 'Corrections'), may('officer') ? button(t('更正', 'Correct'), add) : null],
    table({ caption: t('人工更正', 'Corrections'), rows: [...found.corrections].sort((a, b) => (a.at < b.at ? 1 : -1)).slice(0, 10), none: t('没有', 'None'), columns: [
      { label: t('时间', 'When'), head: true, show: (c) => when(c.at) }, { label: t('自报 → 更正', 'Was → is'), show: (c) => `${c.reported} → ${c.free}` },
      { label: t('有效至', 'Until'), show: (c) => [when(c.until), ' ', good(c) ? tag(t('有效', 'in force'), 'mild') : null] }, { label: t('原因', 'Why'), show: (c) => c.why }, { label: t('经手', 'By'), show: (c) => c.by },
      { label: t('操作', 'Actions'), bare: true, show: (c) => (may('officer') && good(c) ? button(t('撤销', 'Take back'), remove(c), 'plain danger') : null) }] }));
}

async function rawPanel(lot) {
  if (!lot.feed || !may('officer')) return null;
  const found = await maybe(`/v1/admin/feeds/${id(lot.feed)}/bodies`);
  return found ? panel([t('原始报文（已去除密钥）', 'Raw bodies (secrets taken out)'), h('a', { href: `#/feeds/${id(lot.feed)}` }, lot.feed)], bodyList(found.bodies.slice(-3))) : null;
}

export async function lot([ident], page) {
  const one = await lotOf(ident);
  const testing = one.state === 'testing' || (one.acceptance && one.state === 'registered');
  const parts = await Promise.all([dayPanel(one), qualityPanel(one), correctionsPanel(one), handcountPanel(one, may('officer')), windowsPanel(one, may('officer')), objectionsPanel(one, false), rawPanel(one)]);
  page.every(30000, refresh);
  return {
    back: ['lots', t('车场', 'Car parks')],
    title: one.name,
    mark: stageTag(one.state),
    lead: one.id,
    actions: [h('a', { class: 'button', href: `#/ledger/${id(one.id)}` }, t('台账', 'Ledger')), decisions(one)],
    body: h('div', { class: 'stack' },
      testing && may('officer') ? acceptancePanel(one.acceptance, ...waive(one)) : null,
      h('div', { class: 'halves' }, readingPanel(one), parts[0]), parts[1],
      h('div', { class: 'halves' }, parts.slice(2, 6)), parts[6], panel(t('登记信息', 'Registration'), registrationFacts(one))),
  };
}
