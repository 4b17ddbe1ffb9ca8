// SPDX-License-Identifier: MIT
// The platforms that are told: how far behind each is, and what it refused.

import { h, button, facts, panel, say, tag, empty } from '../office/dom.js';
import { t, plural } from '../office/i18n.js';
import { get, post, put, del, id, Problem } from '../office/api.js';
import { askFor } from '../office/dialog.js';
import { table } from '../office/table.js';
import { ago, when, span } from '../office/time.js';
import { failure } from '../office/explain.js';
import { refresh } from '../office/router.js';
import { may } from '../office/shell.js';

const STATES = () => ({ idle: [t('正常', 'good'), 'good'], sending: [t('发送中', 'sending'), 'good'], waiting: [t('等待重试', 'waits to retry'), 'warn'], paused: [t('已暂停', 'paused'), 'bad'],
  disabled: [t('已停用', 'switched off'), ''], loading: [t('正在启动', 'starting'), 'mild'], not_ours: [t('由另一台服务器发送', 'another parkd tells it'), ''] });

async function attempt(work, done) {
  try {
    await work();
    await refresh();
    say(done);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    say(error.detail || error.title);
  }
}

function heldTable(sink, list, names) {
  const path = (one) => `/v1/admin/sinks/${id(sink.id)}/held/${id(one.lot)}`;
  const name = (one) => names.get(one.lot) ?? one.lot;
  const retry = (one) => attempt(() => post(`${path(one)}/retry`), t('马上重发', 'It is sent again'));
  const discard = (one) => askFor(t('放弃这一条', 'Discard it'), { text: t(`${name(one)}：这条数据不再发送，下一次变化照常发送。`, `${name(one)}: this state is not sent any more; the next change is.`), fields: [], submit: t('放弃', 'Discard'), danger: true },
    async () => {
      await del(path(one));
      await refresh();
      say(t('已放弃', 'Discarded'));
    });
  return table({ caption: t('被平台拒收', 'Refused'), rows: list, columns: [
    { label: t('车场', 'Car park'), head: true, show: (r) => [h('a', { href: `#/lots/${id(r.lot)}` }, name(r)), h('div', null, h('small', { class: 'mono' }, r.lot))] }, { label: t('平台的回答', 'Its answer'), show: (r) => r.code }, { label: t('次数', 'Tries'), numeric: true, show: (r) => r.tries },
    { label: t('下次重发', 'Again at'), tight: true, show: (r) => when(r.next) },
    { label: t('操作', 'Actions'), bare: true, show: (r) => (may('admin') ? h('div', { class: 'row' }, button(t('重发', 'Retry'), () => retry(r), 'plain'), button(t('放弃', 'Discard'), () => discard(r), 'plain danger')) : null) }] });
}

function edit(registration) {
  const example = { id: '', dialect: 'native', url: 'https://', enabled: true };
  askFor(registration ? t('修改平台登记', 'Edit the platform') : t('新增平台', 'Add a platform'), {
    fields: [{ name: 'document', label: t('登记（JSON）', 'Registration (JSON)'), type: 'json', value: registration ?? example, rows: 16, wide: true, required: true, pointer: '',
      hint: registration ? t('显示为 *** 的密钥须重新填写后才能保存。', 'Secrets shown as *** must be entered again before it can be saved.') : t('成员见 deploy/README.md', 'Members as in deploy/README.md') }],
  }, async ({ document: one }) => {
    await put(`/v1/admin/sinks/${id(one?.id ?? '')}`, one);
    await refresh();
    say(t('已保存', 'Saved'));
  });
}

function card(sink, names) {
  const [word, tone] = STATES()[sink.state] ?? [sink.state, ''];
  const lag = sink.oldest_ms ? Math.max(0, Date.now() - sink.oldest_ms) : 0;
  const shown = sink.held;
  const words = sink.failures ? failure(sink.last_error) : null;
  const change = async () => edit(await get(`/v1/admin/sinks/${id(sink.id)}`));
  return panel([sink.id, h('span', { class: 'tags' }, shown.length ? tag(t(`拒收 ${shown.length}`, `${shown.length} refused`), 'warn') : null, tag(word, tone))],
    h('p', { class: 'soft small' }, `${sink.dialect} · ${sink.url}`),
    h('p', { class: 'big' }, lag ? span(lag) : t('无积压', 'level'), lag ? h('small', null, ` ${t('滞后', 'behind')}`) : null),
    facts([[t('未确认', 'Not acknowledged'), sink.unacknowledged], [t('上次成功', 'Last good'), sink.last_good ? ago(sink.last_good) : t('从未', 'never')],
      [t('已送达', 'Delivered'), sink.delivered_items], [t('暂停至', 'Waits until'), sink.breaker_until ? when(sink.breaker_until) : null],
      [t('对方时钟偏差', 'Its clock is off'), sink.clock_off_ms > 2000 ? span(sink.clock_off_ms) : null], [t('待备案', 'To be filed'), sink.registrations?.open || null]]),
    sink.failures ? h('div', { class: 'note bad' }, words ? h('p', null, words) : null, h('p', { class: 'small' }, sink.last_error), h('p', { class: 'small' }, t(`连续失败 ${sink.failures} 次`, `${plural(sink.failures, 'failure')} in a row`))) : null,
    sink.skip_verify ? h('p', { class: 'note warn' }, t('没有核对对方的证书', 'Its certificate is not checked')) : null,
    shown.length ? [h('h3', null, t(`被平台拒收（${shown.length}）`, `Refused by the platform (${shown.length})`)), heldTable(sink, shown, names)] : null,
    may('admin') ? h('div', { class: 'row end' }, button(t('修改', 'Edit'), change),
      sink.state === 'paused' || sink.state === 'waiting' ? button(t('立即恢复', 'Resume now'), () => attempt(() => post(`/v1/admin/sinks/${id(sink.id)}/resume`), t('已恢复', 'Resumed')), 'main') : null) : null);
}

export async function sinks(args, page) {
  const [status, lots] = await Promise.all([get('/v1/admin/status'), get('/v1/admin/lots')]);
  const names = new Map(lots.lots.map((lot) => [lot.id, lot.name]));
  page.every(10000, refresh);
  return {
    title: t('上级平台', 'Platforms'),
    lead: t('接收空位数据的平台：是否跟上，有没有拒收。', 'Who is told of free places: is it level, what did it refuse?'),
    actions: may('admin') ? button(t('新增平台', 'Add a platform'), () => edit(null), 'main') : null,
    body: status.sinks.length ? h('div', { class: 'stack' }, status.sinks.map((sink) => card(sink, names))) : empty(t('还没有平台', 'No platform yet')),
  };
}
