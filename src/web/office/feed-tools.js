// SPDX-License-Identifier: MIT
// What the office and an operator do with a feed that is there.

import { say } from './dom.js';
import { t } from './i18n.js';
import { post, del, id, Problem } from './api.js';
import { askFor } from './dialog.js';
import { go, refresh } from './router.js';

// base: '/v1/admin' or '/v1/operator'.
export const askNow = (base, ident) => async () => {
  try {
    await post(`${base}/feeds/${id(ident)}/poll`);
    say(t('正在查询', 'Asking now'));
    setTimeout(refresh, 1500);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    say(error.detail || error.title);
  }
};

export const removeFeed = (ident) => () => askFor(t('删除来源', 'Remove the feed'), { text: ident, fields: [], submit: t('删除', 'Remove'), danger: true }, async () => {
  await del(`/v1/operator/feeds/${id(ident)}`);
  go('feeds');
});
