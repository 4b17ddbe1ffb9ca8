// SPDX-License-Identifier: MIT
// Signing in by password, setting it by a one-time link, changing it, and the keys of one's own.

import { h, button, panel, say, tag } from './dom.js';
import { t } from './i18n.js';
import { form } from './form.js';
import { askFor, showSecret } from './dialog.js';
import { get, post, put, del, id } from './api.js';
import { when } from './time.js';
import { table } from './table.js';
import { refresh } from './router.js';

const card = (title, lead, ...content) => h('div', { class: 'narrow stack' }, h('div', null, h('h1', null, title), lead ? h('p', { class: 'soft' }, lead) : null),
  h('div', { class: 'panel' }, content));

const passwordField = (name, label, more = {}) => ({ name, label, type: 'password', required: true, wide: true, max: 128, autocomplete: 'new-password', ...more });
const RULE = () => t('至少 10 个字符；一句话比一个词更安全。', 'At least 10 characters; a sentence is safer than a word.');

function same(values) {
  return values.password === values.again ? null : t('两次输入的不一样', 'The two are not the same');
}

export function signIn(begun, hint) {
  const one = form({
    fields: [{ name: 'account', label: t('账号', 'Account'), required: true, wide: true, max: 32, autocomplete: 'username' },
      passwordField('password', t('密码', 'Password'), { autocomplete: 'current-password' })],
    submit: t('登录', 'Sign in'),
    work: async (values) => begun(await post('/v1/session', values, { signing: true })),
  });
  return card(t('登录', 'Sign in'), hint, one);
}

export function newPassword(link, begun) {
  const one = form({
    fields: [passwordField('password', t('新密码', 'New password'), { hint: RULE() }), passwordField('again', t('再输一次', 'Once more'))],
    submit: t('设置并登录', 'Set it and sign in'),
    work: async (values) => {
      if (same(values)) return one.fail(wrong('again', same(values)));
      return begun(await post('/v1/session', { link, password: values.password }, { signing: true }));
    },
  });
  return card(t('设置密码', 'Set your password'), t(`账号：${link.split('.')[0]}。这个链接只能用一次。`, `Account: ${link.split('.')[0]}. This link works once.`), one);
}

const wrong = (name, text) => ({ title: '', detail: '', errors: [{ at: `/${name}`, text }] });

function changePassword() {
  askFor(t('修改密码', 'Change the password'), {
    fields: [passwordField('old', t('现在的密码', 'Present password'), { autocomplete: 'current-password' }),
      passwordField('new', t('新密码', 'New password'), { hint: RULE() })],
  }, async (values) => {
    await put('/v1/session/password', values);
    say(t('密码已修改，其他登录已失效', 'Changed; other sessions are over'));
  });
}

export function keyTable(keys, revoke, caption) {
  const now = Date.now();
  const state = (key) => (key.revoked ? tag(t('已吊销', 'revoked'), 'bad') : key.expires && Date.parse(key.expires) < now ? tag(t('已过期', 'expired'), 'warn') : tag(t('有效', 'active'), 'good'));
  return table({
    caption,
    none: t('还没有密钥', 'No keys yet'),
    rows: keys,
    columns: [
      { label: t('编号', 'Id'), head: true, show: (key) => [h('code', null, key.id), key.label ? h('small', null, ` ${key.label}`) : null] },
      { label: t('状态', 'State'), show: state },
      { label: t('建立', 'Made'), show: (key) => when(key.created), by: (key) => key.created },
      { label: t('到期', 'Expires'), show: (key) => (key.expires ? when(key.expires) : t('不过期', 'never')) },
      { label: t('最近使用', 'Last used'), show: (key) => (key.last_used ? when(key.last_used) : '–'), by: (key) => key.last_used },
      { label: t('操作', 'Actions'), bare: true, show: (key) => (key.revoked ? null : button(t('吊销', 'Revoke'), () => revoke(key), 'plain danger')) },
    ],
  });
}

export function newKey(path) {
  askFor(t('新密钥', 'New key'), {
    text: t('最多三个有效密钥，可以同时使用，便于更换。', 'Up to three keys are good at a time, so that one can take over from another.'),
    fields: [{ name: 'label', label: t('用途', 'What for'), max: 60, optional: true }, { name: 'expires', label: t('到期（北京时间）', 'Expires (Beijing time)'), type: 'datetime-local', optional: true }],
    submit: t('生成', 'Make it'),
  }, async (values) => {
    const made = await post(path, values);
    await refresh();
    showSecret(t('新密钥', 'The new key'), t('只显示这一次，请立即保存。', 'It is shown this once: keep it now.'), made.key);
  });
}

export function revokeKey(path, key) {
  askFor(t('吊销密钥', 'Revoke the key'), { text: t(`密钥 ${key.id} 会立刻失效，用它的程序将被拒绝。`, `Key ${key.id} stops working at once; programs that use it are refused.`), fields: [], submit: t('吊销', 'Revoke'), danger: true },
    async () => {
      await del(`${path}/${id(key.id)}`);
      await refresh();
      say(t('已吊销', 'Revoked'));
    });
}

export async function myAccount(session) {
  const keys = await get('/v1/account/keys');
  return {
    title: session.name || session.account,
    lead: session.account,
    actions: [button(t('修改密码', 'Change the password'), changePassword), button(t('新密钥', 'New key'), () => newKey('/v1/account/keys'), 'main')],
    body: panel(t('我的密钥', 'My keys'), h('p', { class: 'soft' }, t('程序用密钥代替密码：', 'Programs use a key instead of a password: '), h('code', null, 'Authorization: Bearer pk_…')),
      keyTable(keys.keys, (key) => revokeKey('/v1/account/keys', key), t('我的密钥', 'My keys'))),
  };
}
