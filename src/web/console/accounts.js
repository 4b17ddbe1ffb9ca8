// SPDX-License-Identifier: MIT
// Accounts: staff, operators, platforms' owners.

import { h, button, panel, say, tag } from '../office/dom.js';
import { t } from '../office/i18n.js';
import { get, put, id } from '../office/api.js';
import { askFor } from '../office/dialog.js';
import { table } from '../office/table.js';
import { role, ROLES } from '../office/words.js';
import { go, refresh } from '../office/router.js';
import { may } from '../office/shell.js';

// Officers may only make operators.
const roles = () => (may('admin') ? ROLES : ['operator']);

export function editAccount(a) {
  askFor(a ? t('修改账号', 'Edit the account') : t('新增账号', 'Add an account'), { fields: [
    a ? null : { name: 'id', label: t('账号', 'Account'), required: true, max: 32, hint: t('登录用：字母、数字、. _ -', 'To sign in: letters, digits, . _ -') },
    { name: 'role', label: t('角色', 'Role'), type: 'select', value: a?.role ?? 'operator', options: (a && !roles().includes(a.role) ? [a.role] : roles()).map((one) => [one, role(one)]) },
    { name: 'name', label: t('单位或姓名', 'Name'), value: a?.name, required: true, max: 90 },
    { name: 'contact/person', label: t('联系人', 'Contact'), value: a?.contact?.person, max: 45, optional: true }, { name: 'contact/phone', label: t('电话', 'Phone'), type: 'tel', value: a?.contact?.phone, max: 30, optional: true },
    { name: 'contact/email', label: t('邮箱', 'E-mail'), type: 'email', value: a?.contact?.email, max: 90, optional: true },
    may('admin') ? { name: 'sink', label: t('平台（平台方账号）', 'Platform (of its owner)'), value: a?.sink, max: 32, optional: true } : null,
    { name: 'notes', label: t('备注', 'Notes'), type: 'textarea', value: a?.notes, wide: true, max: 400, optional: true },
    { name: 'enabled', label: t('启用', 'Enabled'), type: 'check', value: a?.enabled ?? true }].filter(Boolean) },
  async (values) => {
    const ident = a?.id ?? values.id;
    await put(`/v1/admin/accounts/${id(ident)}`, { ...values, id: ident });
    say(t('已保存', 'Saved'));
    if (a) await refresh();
    else go(`accounts/${id(ident)}`);
  });
}

export const accountState = (a) => (a.enabled === false ? tag(t('停用', 'off'), 'bad') : a.has_password ? tag(t('可登录', 'can sign in'), 'good') : a.invited ? tag(t('已邀请', 'invited'), 'mild') : tag(t('还没有密码', 'no password yet')));

export async function accounts() {
  const { accounts: all } = await get('/v1/admin/accounts');
  const groups = [[t('工作人员', 'Staff'), (a) => ['viewer', 'officer', 'admin'].includes(a.role)], [t('经营单位', 'Operators'), (a) => a.role === 'operator'], [t('平台方', 'Platforms'), (a) => a.role === 'sink']];
  return {
    title: t('账号', 'Accounts'),
    actions: button(t('新增账号', 'Add an account'), () => editAccount(null), 'main'),
    body: h('div', { class: 'stack' }, groups.map(([title, of]) => [title, all.filter(of)]).filter(([, rows]) => rows.length).map(([title, rows]) => panel(title, table({
      caption: title, rows,
      columns: [{ label: t('名称', 'Name'), head: true, by: (a) => a.name, show: (a) => [h('a', { href: `#/accounts/${id(a.id)}` }, a.name || a.id), h('div', null, h('small', { class: 'mono' }, a.id))] },
        { label: t('角色', 'Role'), by: (a) => a.role, show: (a) => role(a.role) }, { label: t('联系人', 'Contact'), show: (a) => [a.contact?.person, a.contact?.phone].filter(Boolean).join(' ') }, { label: t('状态', 'State'), show: accountState }],
    })))),
  };
}
