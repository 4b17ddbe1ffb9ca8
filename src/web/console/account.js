// SPDX-License-Identifier: MIT
// One account: its people, its invitation, its keys.

import { h, button, facts, panel, say } from '../office/dom.js';
import { t } from '../office/i18n.js';
import { get, post, del, id } from '../office/api.js';
import { askFor, showSecret } from '../office/dialog.js';
import { role } from '../office/words.js';
import { when } from '../office/time.js';
import { go, refresh } from '../office/router.js';
import { publicUrl } from './public-url.js';
import { keyTable, newKey, revokeKey } from '../office/sign.js';
import { accountState, editAccount } from './accounts.js';

function about(a) {
  const list = facts([[t('联系人', 'Contact'), a.contact?.person], [t('电话', 'Phone'), a.contact?.phone], [t('邮箱', 'E-mail'), a.contact?.email], [t('平台', 'Platform'), a.sink], [t('备注', 'Notes'), a.notes]]);
  return panel(t('联系方式', 'Contact'), list.childElementCount ? list : h('p', { class: 'soft' }, t('还没有填写', 'Nothing is written down yet')));
}

async function invite(a) {
  const ours = !['operator', 'sink'].includes(a.role);
  const base = ours ? location.origin : await publicUrl();
  const made = await post(`/v1/admin/accounts/${id(a.id)}/invite`);
  await refresh();
  showSecret(t('一次性链接', 'One-time link'), t(`发给 ${a.name || a.id}，用来设置密码，只能用一次，${when(made.expires)} 前有效。`, `For ${a.name || a.id}, to set the password: it works once, until ${when(made.expires)}.`),
    `${base}/${ours ? 'console' : 'operator'}#link=${made.link_token}`);
}

function remove(a) {
  askFor(t('删除账号', 'Remove the account'), { text: t(`${a.name || a.id} 的登录和密钥会立刻失效。`, `Sessions and keys of ${a.name || a.id} end at once.`), fields: [], submit: t('删除', 'Remove'), danger: true }, async () => {
    await del(`/v1/admin/accounts/${id(a.id)}`);
    go('accounts');
    say(t('已删除', 'Removed'));
  });
}

export async function account([ident]) {
  const path = `/v1/admin/accounts/${id(ident)}`;
  const [a, keys] = await Promise.all([get(path), get(`${path}/keys`)]);
  return {
    back: ['accounts', t('账号', 'Accounts')],
    title: a.name || a.id,
    mark: accountState(a),
    lead: `${a.id} · ${role(a.role)}`,
    actions: [button(t('删除', 'Remove'), () => remove(a), 'danger'), button(t('修改', 'Edit'), () => editAccount(a)), button(t('邀请（设置密码）', 'Invite'), () => invite(a), 'main')],
    body: h('div', { class: 'stack' },
      about(a),
      panel([t('密钥', 'Keys'), button(t('新密钥', 'New key'), () => newKey(`${path}/keys`))], keyTable(keys.keys, (key) => revokeKey('/v1/admin/keys', key), t('密钥', 'Keys')))),
  };
}
