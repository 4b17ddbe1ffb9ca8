// SPDX-License-Identifier: MIT
// One feed: how it is, what came last, its keys.

import { h, button, facts, panel } from '../office/dom.js';
import { t } from '../office/i18n.js';
import { get, id } from '../office/api.js';
import { table } from '../office/table.js';
import { healthTag } from '../office/words.js';
import { ago, when, span } from '../office/time.js';
import { refresh } from '../office/router.js';
import { bodyList } from '../office/lot-parts.js';
import { askNow, removeFeed } from '../office/feed-tools.js';
import { keysPanel } from '../office/feed-keys.js';
import { MODES, stateOf, troubleOf } from './feeds.js';

function tools(feed) {
  return [button(t('删除', 'Remove'), removeFeed(feed.id), 'danger'), h('a', { class: 'button', href: `#/connect/${id(feed.id)}` }, t('修改、试一试', 'Edit, try')), feed.mode === 'poll' ? button(t('立即查询', 'Ask now'), askNow('/v1/operator', feed.id), 'main') : null];
}

export async function feed([ident], page) {
  const path = `/v1/operator/feeds/${id(ident)}`;
  const [one, status, bodies, { lots }] = await Promise.all([get(path), stateOf(ident), get(`${path}/bodies`), get('/v1/operator/lots')]);
  page.every(5000, refresh);
  return {
    back: ['feeds', t('数据来源', 'Feeds')],
    title: ident,
    mark: healthTag(status.state),
    lead: [one.dialect, MODES()[one.mode]].join(' · '),
    actions: tools(one),
    body: h('div', { class: 'stack' }, troubleOf(status),
      panel(t('情况', 'How it is'), facts([[t('地址', 'Address'), one.url], [t('间隔', 'Interval'), one.interval_ms ? span(one.interval_ms) : null],
        [t('上次正常', 'Last good'), status.last_good ? `${when(status.last_good)} (${ago(status.last_good)})` : t('从未', 'never')]])),
      panel(t('车场', 'Car parks'), table({ caption: t('车场', 'Car parks'), rows: lots.filter((lot) => lot.feed === ident), none: t('还没有车场用它：在车场的“修改登记”里选它。', 'No car park hangs on it: choose it under “Edit” of the car park.'), columns: [
        { label: t('名称', 'Name'), head: true, show: (l) => h('a', { href: `#/lots/${id(l.id)}` }, l.name) }, { label: t('对方编码', 'Its name there'), show: (l) => h('code', null, l.foreign_id ?? l.id) }, { label: t('空位', 'Free'), numeric: true, show: (l) => l.reading?.free ?? '–' }] })),
      one.mode === 'push' ? keysPanel(one) : null,
      panel(t('最近的报文（已去除密钥）', 'Last bodies (secrets taken out)'), bodyList(bodies.bodies))),
  };
}
