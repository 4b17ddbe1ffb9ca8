// SPDX-License-Identifier: MIT
// One entry of the ledger: what is known, what hinders, its next step, and every step so far.

import { h, button, facts, panel, say } from '../office/dom.js';
import { t } from '../office/i18n.js';
import { get, post, put, id } from '../office/api.js';
import { explain } from '../office/explain.js';
import { askFor, whyField } from '../office/dialog.js';
import { stage, stageTag, modeTag, DATUMS } from '../office/words.js';
import { when } from '../office/time.js';
import { refresh } from '../office/router.js';
import { may } from '../office/shell.js';
import { due, runner } from './ledger.js';

function fields(e, operators) {
  const at = e?.location ?? {};
  const text = (name, label, more = {}) => ({ name, label, value: e?.[name], max: 90, ...more });
  return [
    { legend: t('停车场', 'Car park'), fields: [
      e ? null : { name: 'id', label: t('编码', 'Code'), required: true, max: 32, hint: t('行政区划 6 位 + 街道 3 位 + 类别 1 位 + 序号 2 位，或自定', 'Division 6 + street 3 + class 1 + serial 2, or your own') },
      text('name', t('名称', 'Name'), { required: true }), text('address', t('地址', 'Address'), { max: 180 }), text('area', t('街道、片区', 'Street, area'), { max: 45 }),
      text('operator_name', t('经营单位（表中）', 'Operator, as in the sheet')),
      { name: 'operator', label: t('经营单位账号', 'Operator’s account'), type: 'select', value: e?.operator, hint: e?.lot ? t('以车场登记为准', 'Follows the registration') : '',
        options: [['', t('还没有', 'none yet')], ...operators.map((one) => [one.id, one.name ? `${one.name} (${one.id})` : one.id])] },
      text('kind', t('性质', 'Kind'), { max: 15 }),
      text('total', t('总泊位', 'Places'), { type: 'number', min: 0, step: 1 }), text('open', t('开放泊位', 'Open places'), { type: 'number', min: 0, step: 1 }),
      { name: 'location/lng', label: t('经度', 'Longitude'), type: 'number', step: 'any', value: at.lng }, { name: 'location/lat', label: t('纬度', 'Latitude'), type: 'number', step: 'any', value: at.lat },
      { name: 'location/datum', label: t('坐标系', 'Datum'), type: 'select', value: at.datum, options: [['', t('未填', 'none')], ...DATUMS()] }].filter(Boolean) },
    { legend: t('一场一策', 'Plan'), fields: [
      text('obstacle', t('障碍', 'Obstacle'), { wide: true, max: 180 }), text('plan', t('办法', 'What is done'), { wide: true, max: 180 }),
      text('next_date', t('下次日期', 'Next date'), { type: 'date' }),
      { name: 'mode', label: t('方式', 'How'), type: 'select', value: e?.mode ?? '', options: [['', t('未定', 'open')], ['auto', t('自动', 'automatic')], ['manual', t('人工', 'by hand')]] },
      text('system', t('停车系统厂家', 'Vendor of its system')),
      { name: 'contact/person', label: t('联系人', 'Contact'), value: e?.contact?.person, max: 45 }, { name: 'contact/phone', label: t('电话', 'Phone'), value: e?.contact?.phone, type: 'tel', max: 30 },
      text('notes', t('备注', 'Notes'), { type: 'textarea', wide: true, max: 400 })] },
  ];
}

// The form shows every member that is people's to write; a datum without a place is no place.
function whole(e, values) {
  if (values.location && values.location.lng === undefined && values.location.lat === undefined) delete values.location;
  return { ...values, id: e?.id ?? values.id };
}

// Somebody else's change in between is not written over: `version` is that of the entry on the screen.
export async function editEntry(e, done, version) {
  const { accounts } = await get('/v1/admin/accounts');
  askFor(e ? t('修改', 'Edit') : t('新增停车场', 'Add a car park'), { groups: fields(e, accounts.filter((one) => one.role === 'operator' || one.id === e?.operator)) }, async (values) => {
    const entry = whole(e, values);
    await put(`/v1/admin/ledger/${id(entry.id)}`, entry, version ? { headers: { 'If-Match': `"${version}"` } } : {});
    say(t('已保存', 'Saved'));
    done(entry.id);
  });
}

// Which steps there are, the usual one first.
const NEXT = { surveyed: ['registered', 'retired'], registered: ['testing', 'surveyed', 'retired'], testing: ['connected', 'registered', 'retired'],
  connected: ['suspended', 'retired'], suspended: ['connected', 'testing', 'retired'], retired: ['surveyed', 'registered'] };

function step(e) {
  const list = NEXT[e.state].map((one) => [one, stage(one)]);
  askFor(t('变更状态', 'Next step'), {
    text: t(`现在：${stage(e.state)}`, `Now: ${stage(e.state)}`),
    fields: [{ name: 'to', label: t('变更为', 'To'), type: 'select', options: list, wide: true }, whyField()],
    submit: t('变更', 'Change'),
  }, async (values) => {
    await post(`/v1/admin/ledger/${id(e.id)}/step`, values);
    say(t('状态已变更', 'Changed'));
    await refresh();
  });
}

function history(steps) {
  const list = [...(steps ?? [])].reverse();
  return h('ol', { class: 'steps' }, list.map((one) => h('li', null,
    h('div', null, h('b', null, one.from && one.from !== one.to ? `${stage(one.from)} → ${stage(one.to)}` : stage(one.to)),
      h('small', null, `${when(one.at)} · ${one.by === 'local' ? t('本机', 'this server') : one.by}`), one.why ? h('p', null, explain(one.why)) : null))));
}

export async function entry([ident]) {
  const { value: e, version } = await get(`/v1/admin/ledger/${id(ident)}`, { versioned: true });
  const place = e.location ? `${e.location.lng}, ${e.location.lat} (${e.location.datum.toUpperCase()})` : null;
  return {
    back: ['', t('台账', 'Ledger')],
    title: e.name,
    mark: stageTag(e.state),
    lead: e.id,
    actions: [e.lot ? h('a', { class: 'button', href: `#/lots/${id(e.id)}` }, t('车场数据', 'Its data')) : null,
      ...(may('officer') ? [button(t('修改', 'Edit'), () => editEntry(e, refresh, version)), button(t('变更状态', 'Next step'), () => step(e), 'main')] : [])],
    body: h('div', { class: 'halves' },
      h('div', { class: 'stack' },
        panel(t('一场一策', 'Plan'), facts([[t('障碍', 'Obstacle'), e.obstacle], [t('办法', 'What is done'), e.plan], [t('下次日期', 'Next date'), due(e)],
          [t('方式', 'How'), e.mode ? modeTag(e.mode) : t('未定', 'open')], [t('停车系统厂家', 'Vendor of its system'), e.system],
          [t('联系人', 'Contact'), [e.contact?.person, e.contact?.phone].filter(Boolean).join(' ')], [t('备注', 'Notes'), e.notes]])),
        panel(t('基本情况', 'What it is'), facts([[t('地址', 'Address'), e.address], [t('街道、片区', 'Street, area'), e.area], [t('经营单位', 'Operator'), runner(e)], [t('经营单位账号', 'Operator’s account'), e.operator ? (may('officer') ? h('a', { href: `#/accounts/${id(e.operator)}` }, e.operator) : e.operator) : null],
          [t('性质', 'Kind'), e.kind], [t('总泊位', 'Places'), e.total], [t('开放泊位', 'Open places'), e.open], [t('位置', 'Place'), place]]))),
      panel(t('经过', 'Steps so far'), history(e.history))),
  };
}
