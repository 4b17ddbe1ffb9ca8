// SPDX-License-Identifier: MIT
// What the audit trail calls an act, in words. What is not here stands as it is.

import { t } from '../office/i18n.js';

const acts = {
  session_sign_in: ['登录', 'sign in'], signed_in: ['登录成功', 'signed in'], sign_in_failed: ['登录失败', 'sign-in failed'], session_sign_out: ['退出登录', 'sign out'], session_password: ['修改密码', 'change the password'],
  account_put: ['保存账号', 'write an account'], account_remove: ['删除账号', 'remove an account'], account_invite: ['邀请', 'invite'],
  account_keys_make: ['生成密钥', 'make a key'], own_keys_make: ['生成自己的密钥', 'make a key of one’s own'], key_made: ['密钥已生成', 'key made'], key_revoke: ['吊销密钥', 'revoke a key'], own_key_revoke: ['吊销自己的密钥', 'revoke a key of one’s own'],
  ledger_import: ['试读台账表格', 'dry run of a sheet'], ledger_confirm: ['导入台账表格', 'import a sheet'], ledger_put: ['修改台账', 'write in the ledger'], ledger_step: ['变更台账状态', 'step in the ledger'],
  operator_lot_put: ['登记车场', 'register a car park'], lot_submit: ['提交联调', 'hand in'], lot_withdraw: ['撤回', 'withdraw'], attendant_name: ['增加值守员', 'name an attendant'], attendant_named: ['值守员已增加', 'attendant named'],
  attendant_revoke: ['取消值守员', 'end an attendant'], operator_feed_put: ['登记来源', 'register a feed'], operator_feed_remove: ['删除来源', 'remove a feed'], operator_feed_key: ['生成推送密钥', 'make a pushing key'],
  operator_feed_key_remove: ['吊销推送密钥', 'revoke a pushing key'], operator_poll: ['立即查询', 'ask now'], operator_replay: ['重读报文', 'read bodies again'], operator_try: ['试验来源', 'try a feed'],
  lot_approve: ['批准接入', 'approve'], lot_refuse: ['退回', 'send back'], lot_waive: ['豁免断线检查', 'waive the outage'], lot_suspend: ['暂停', 'suspend'], lot_resume: ['恢复', 'resume'], lot_retire: ['退出', 'retire'],
  acceptance_rules_put: ['修改联调规则', 'write the acceptance rules'], rules_put: ['修改评定规则', 'write the rules'], correction_add: ['人工更正', 'correct a count'], correction_remove: ['撤销更正', 'take a correction back'],
  handcount_add: ['录入清点', 'add a hand count'], window_add: ['申报维护', 'announce maintenance'], objection_add: ['提出申诉', 'object'], objection_decide: ['处理申诉', 'decide an objection'], month_freeze: ['封存月报', 'freeze a month'],
  lot: ['登记车场（后台）', 'register a car park (admin)'], feed: ['登记来源（后台）', 'register a feed (admin)'], sink: ['登记平台', 'register a platform'], feed_poll: ['立即查询', 'ask now'], feed_replay: ['重读报文', 'read bodies again'],
  try: ['试验来源', 'try a feed'], try_sink: ['试验平台', 'try a platform'], sink_resume: ['恢复平台', 'resume a platform'], sink_held_retry: ['重发拒收的数据', 'send what was refused again'], sink_held_discard: ['放弃拒收的数据', 'give up what was refused'],
  operator_upload: ['表格上报空位', 'counts from a spreadsheet'], channel_put: ['保存通知渠道', 'write a channel'], channel_remove: ['删除通知渠道', 'remove a channel'], channel_test: ['试发通知', 'try a channel'],
  telling_rules_put: ['修改通知规则', 'write the rules of telling'], restore: ['从备份恢复', 'restored from a backup'],
};

export const act = (name) => (acts[name] ? t(acts[name][0], acts[name][1]) : name);
