// SPDX-License-Identifier: MIT
// The audit trail: who did what to which object, and whether the chain is whole.

import { h, fill, button, panel, tag } from '../office/dom.js';
import { t, plural } from '../office/i18n.js';
import { get, query } from '../office/api.js';
import { form } from '../office/form.js';
import { table } from '../office/table.js';
import { role } from '../office/words.js';
import { when, isoDay } from '../office/time.js';
import { act } from './actions.js';

const PAGE = 1000;
const SHOWN = 200;
const DAYS = 7;

// Entries come oldest first; their ids begin with the time, so a day is a place to start from.
async function read({ who, object, since }) {
  const list = [];
  let after = `${Date.parse(`${since}T00:00:00+08:00`)}-0`;
  while (after) {
    const page = await get(`/v1/admin/audit${query({ after, who, object, limit: PAGE })}`);
    list.push(...page.entries);
    after = page.next;
  }
  return list.reverse();
}

const via = (text) => {
  const [kind, rest] = (text ?? '').split(':');
  return ({ session: t('网页登录', 'session'), socket: t('本机', 'on the server'), key: t(`密钥 ${rest}`, `key ${rest}`) })[kind] ?? text ?? '';
};

function entries(list) {
  const shown = list.slice(0, SHOWN);
  return [h('p', { class: 'soft', role: 'status' }, list.length > SHOWN ? t(`${list.length} 条，显示最近 ${SHOWN} 条`, `${plural(list.length, 'entry', 'entries')}, the newest ${SHOWN} of them`) : t(`${list.length} 条`, plural(list.length, 'entry', 'entries'))),
    table({ caption: t('操作记录', 'Audit trail'), rows: shown, none: t('没有记录', 'No entries'), columns: [
      { label: t('时间', 'When'), tight: true, head: true, by: (e) => e.n, show: (e) => when(e.at) },
      { label: t('谁', 'Who'), by: (e) => e.who, show: (e) => [h('b', null, e.who === 'nobody' ? role('nobody') : e.who), e.who === 'nobody' ? null : h('div', null, h('small', null, [role(e.role), via(e.via)].filter(Boolean).join(' · ')))] },
      { label: t('操作', 'What'), by: (e) => act(e.action), show: (e) => [h('div', { class: 'tags' }, act(e.action), e.status ? tag(String(e.status), 'bad') : null)] },
      { label: t('对象', 'Object'), by: (e) => e.object ?? e.path, show: (e) => h('span', { class: 'mono small' }, [e.method, e.object ?? e.path].filter(Boolean).join(' ')) },
      { label: t('来自', 'From'), tight: true, show: (e) => h('span', { class: 'mono small' }, e.address === 'unix' ? '' : e.address ?? '') }] })];
}

async function verify(chain) {
  const shown = await get('/v1/admin/audit/verify', { waitMs: 120000 });
  fill(chain, h('p', { class: `note ${shown.ok ? 'good' : 'bad'}` }, shown.ok ? t(`链条完整：核对了 ${shown.entries} 条记录。`, `The chain is whole: ${plural(shown.entries, 'entry', 'entries')} checked.`)
    : t(`链条在第 ${shown.broken} 条断开：记录被改动过！`, `The chain breaks at entry ${shown.broken}: the trail was altered!`)));
}

export async function audit() {
  const body = h('div', { class: 'stack' });
  const chain = h('div', { 'aria-live': 'polite' });
  const since = isoDay(Date.now() - DAYS * 86400000);
  const ask = async (values) => fill(body, entries(await read({ since, ...values })));
  await ask({});
  return {
    title: t('操作记录', 'Audit trail'),
    lead: t('谁在什么时候对什么做了什么。只能添加，每条以哈希连着前一条。', 'Who did what to which object. It only grows, each entry chained to the one before.'),
    actions: button(t('核对链条', 'Verify the chain'), () => verify(chain), 'main'),
    body: h('div', { class: 'stack' }, chain,
      panel(t('记录', 'Entries'), form({ fields: [{ name: 'since', label: t('从哪天起', 'Since'), type: 'date', value: since }, { name: 'who', label: t('账号', 'Account'), max: 32 },
        { name: 'object', label: t('对象（编码）', 'Object (id)'), max: 64 }], submit: t('查找', 'Search'), work: ask }), body)),
  };
}
