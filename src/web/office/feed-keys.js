// SPDX-License-Identifier: MIT
// The keys by which a car park's system pushes: made here, shown once, up to three of a kind at a time.

import { h, button, panel, say } from './dom.js';
import { t } from './i18n.js';
import { post, del, id } from './api.js';
import { askFor, showSecret } from './dialog.js';
import { table } from './table.js';
import { refresh } from './router.js';

const KINDS = () => [['bearer', t('Bearer 密钥（请求头 Authorization）', 'Bearer key (header Authorization)')], ['webhook', t('签名密钥（Standard Webhooks）', 'Signing secret (Standard Webhooks)')],
  ['url', t('地址中的密钥（设备不能设请求头时）', 'Secret in the URL (for boxes that cannot set headers)')]];
const LISTS = { bearer: 'bearer_sha256', webhook: 'webhook_secrets', url: 'url_secret_sha256' };

function add(feed) {
  askFor(t('新密钥', 'New key'), { fields: [{ name: 'kind', label: t('种类', 'Kind'), type: 'select', options: KINDS(), wide: true }], submit: t('生成', 'Make it') }, async (values) => {
    const made = await post(`/v1/operator/feeds/${id(feed.id)}/keys`, values);
    await refresh();
    showSecret(t('新密钥', 'The new key'), t('只显示这一次，请立即填到停车系统里。', 'It is shown this once: enter it in the parking system now.'), made.secret);
  });
}

function revoke(feed, key) {
  askFor(t('吊销密钥', 'Revoke the key'), { text: t('用它的停车系统将不能再推送。', 'The system that uses it cannot push any more.'), fields: [], submit: t('吊销', 'Revoke'), danger: true }, async () => {
    await del(`/v1/operator/feeds/${id(feed.id)}/keys/${key.name}`);
    await refresh();
    say(t('已吊销', 'Revoked'));
  });
}

// Digests are shown as their number, secrets as a list of masks.
const held = (list) => (Array.isArray(list) ? list.length : list ?? 0);

// base: where the car park's system finds parkd, which is not where the office's console is.
export function keysPanel(feed, base = location.origin) {
  const kinds = new Map(KINDS());
  const keys = Object.entries(LISTS).flatMap(([kind, list]) => [...Array(held(feed.auth?.[list])).keys()].map((n) => ({ kind, name: `${kind}-${n}` })));
  return panel([t('推送密钥', 'Keys for pushing'), button(t('新密钥', 'New key'), () => add(feed))],
    h('p', { class: 'soft' }, t('推送地址：', 'Push to: '), h('code', null, `${base}/v1/ingest/${feed.id}`)),
    table({ caption: t('推送密钥', 'Keys'), rows: keys, none: t('还没有密钥：没有密钥就不能推送。', 'No key yet: nothing can be pushed without one.'), columns: [
      { label: t('编号', 'Id'), head: true, show: (k) => h('code', null, k.name) }, { label: t('种类', 'Kind'), show: (k) => kinds.get(k.kind) },
      { label: t('操作', 'Actions'), bare: true, show: (k) => button(t('吊销', 'Revoke'), () => revoke(feed, k), 'plain danger') }] }));
}
