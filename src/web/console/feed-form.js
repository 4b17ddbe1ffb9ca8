// SPDX-License-Identifier: MIT
// A feed's registration as the office writes it: the whole document, with hints; operators have a form by dialect.

import { say } from '../office/dom.js';
import { t } from '../office/i18n.js';
import { put, id, Problem } from '../office/api.js';
import { askFor } from '../office/dialog.js';
import { go, refresh } from '../office/router.js';

const EXAMPLE = { id: '', dialect: 'generic', mode: 'poll', url: 'https://', interval_ms: 30000, params: {} };

export function editFeed(feed) {
  askFor(feed ? t('修改登记', 'Edit the registration') : t('新增数据来源', 'Add a feed'), {
    text: t('成员见 README.md。密钥显示为 ***，不改就原样保留。', 'Members as in README.md. Secrets are shown as ***; left so, they stay.'),
    fields: [{ name: 'document', label: t('登记（JSON）', 'Registration (JSON)'), type: 'json', value: feed ?? EXAMPLE, rows: 18, wide: true, required: true, pointer: '' }],
  }, async ({ document: one }) => {
    if (!one?.id) throw new Problem(422, { type: '/problems/invalid', errors: [{ pointer: '/id', detail: t('必须填写', 'missing') }] });
    const path = feed || one.operator ? '/v1/operator/feeds' : '/v1/admin/feeds';
    await put(`${path}/${id(one.id)}`, one);
    say(t('已保存', 'Saved'));
    if (feed) await refresh();
    else go(`feeds/${id(one.id)}`);
  });
}
