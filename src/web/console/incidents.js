// SPDX-License-Identifier: MIT
// What is wrong or was, who was told, and the channels by which people are told.

import { h, button, panel, say, tag, empty } from '../office/dom.js';
import { t } from '../office/i18n.js';
import { get, maybe, post, put, del, id, Problem } from '../office/api.js';
import { askFor } from '../office/dialog.js';
import { table } from '../office/table.js';
import { incidentCard } from '../office/incident-card.js';
import { refresh } from '../office/router.js';
import { may } from '../office/shell.js';

const KINDS = () => [['wecom', t('企业微信机器人', 'WeCom robot')], ['dingtalk', t('钉钉机器人', 'DingTalk robot')], ['feishu', t('飞书机器人', 'Feishu robot')], ['webhook', 'Webhook']];

function fields(channel) {
  const c = channel ?? {};
  return [
    channel ? null : { name: 'id', label: t('编号', 'Id'), required: true, max: 32 },
    { name: 'kind', label: t('种类', 'Kind'), type: 'select', value: c.kind, options: KINDS() },
    { name: 'url', label: t('机器人或 Webhook 地址', 'URL of the robot or webhook'), type: c.url ? 'text' : 'url', value: c.url, wide: true, max: 500, required: true, hint: c.url ? t('*** 表示不改', '*** keeps what is stored') : null },
    { name: 'secret', label: t('签名密钥', 'Secret'), value: c.secret, max: 120, optional: true, hint: t('Webhook 须填 whsec_…', 'a webhook needs whsec_…') },
    { name: 'for', label: t('给谁', 'For'), value: c.for ?? 'office', hint: t('office 或经营单位账号', '“office” or an operator’s account'), max: 32 },
    { name: 'lang', label: t('语言', 'Language'), type: 'select', value: c.lang ?? 'zh', options: [['zh', '中文'], ['en', 'English']] },
    { name: 'quiet/from', label: t('免打扰从', 'Quiet from'), type: 'time', value: c.quiet?.from, optional: true }, { name: 'quiet/to', label: t('免打扰到', 'Quiet to'), type: 'time', value: c.quiet?.to, optional: true },
    { name: 'enabled', label: t('启用', 'Enabled'), type: 'check', value: c.enabled ?? true }].filter(Boolean);
}

function edit(channel) {
  askFor(channel ? t('修改通知渠道', 'Edit the channel') : t('新增通知渠道', 'Add a channel'), { fields: fields(channel) }, async (values) => {
    const ident = channel?.id ?? values.id;
    await put(`/v1/admin/channels/${id(ident)}`, { ...values, id: ident });
    await refresh();
    say(t('已保存', 'Saved'));
  });
}

function channelTable(list) {
  const kinds = new Map(KINDS());
  const test = async (one) => {
    try {
      const answer = await post(`/v1/admin/channels/${id(one.id)}/test`, {}, { waitMs: 60000 });
      say(answer.ok ? t('对方已收到测试消息', 'The test message was taken') : t(`没有送达：${answer.detail || `HTTP ${answer.status}`}`, `Not taken: ${answer.detail || `HTTP ${answer.status}`}`));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      say(error.detail || error.title);
    }
  };
  const remove = (one) => askFor(t('删除渠道', 'Remove the channel'), { text: one.id, fields: [], submit: t('删除', 'Remove'), danger: true }, async () => {
    await del(`/v1/admin/channels/${id(one.id)}`);
    await refresh();
  });
  return table({ caption: t('通知渠道', 'Channels'), rows: list, none: t('还没有渠道：没有人会收到通知。', 'No channel yet: nobody is told.'), columns: [
    { label: t('编号', 'Id'), head: true, tight: true, show: (c) => c.id }, { label: t('种类', 'Kind'), show: (c) => kinds.get(c.kind) ?? c.kind }, { label: t('给谁', 'For'), show: (c) => (!c.for || c.for === 'office' ? t('主管部门', 'the office') : c.for) },
    { label: t('免打扰', 'Quiet'), tight: true, show: (c) => (c.quiet?.from ? `${c.quiet.from}–${c.quiet.to}` : '') }, { label: t('状态', 'State'), show: (c) => (c.enabled === false ? tag(t('停用', 'off')) : c.error ? [tag(t('送不到', 'fails'), 'bad'), h('div', { class: 'small' }, c.error)] : tag(t('启用', 'on'), 'good')) },
    { label: t('操作', 'Actions'), bare: true, show: (c) => (may('admin') ? h('div', { class: 'row' }, button(t('测试', 'Test'), () => test(c), 'plain'), button(t('修改', 'Edit'), () => edit(c), 'plain'), button(t('删除', 'Remove'), () => remove(c), 'plain danger')) : null) }] });
}

export async function incidents() {
  const [all, channels] = await Promise.all([get('/v1/admin/incidents'), maybe('/v1/admin/channels')]);
  const list = [...all.incidents].sort((a, b) => (a.until ? 1 : 0) - (b.until ? 1 : 0) || (a.since < b.since ? 1 : -1)).slice(0, 60);
  const open = list.filter((one) => !one.until);
  const over = list.filter((one) => one.until);
  return {
    title: t('事件与通知', 'Incidents'),
    lead: t('出了什么事，从什么时候起，该做什么。', 'What happened, since when, and what to do.'),
    body: h('div', { class: 'stack' },
      open.length ? open.map((one) => incidentCard(one)) : empty(t('一切正常', 'All is well')),
      channels ? panel([t('通知渠道', 'Channels'), may('admin') ? button(t('新增渠道', 'Add a channel'), () => edit(null)) : null], channelTable(channels.channels)) : null,
      over.length ? h('details', null, h('summary', null, t(`已经恢复的（${over.length}）`, `Over (${over.length})`)), h('div', { class: 'stack' }, over.map((one) => incidentCard(one)))) : null),
  };
}
