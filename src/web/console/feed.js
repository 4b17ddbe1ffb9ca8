// SPDX-License-Identifier: MIT
// One feed: how it is, what it sent last, its keys, and those bodies read again by other parameters.

import { h, fill, button, facts, panel } from '../office/dom.js';
import { t } from '../office/i18n.js';
import { get, maybe, post, id } from '../office/api.js';
import { askFor } from '../office/dialog.js';
import { table } from '../office/table.js';
import { healthTag } from '../office/words.js';
import { when, ago, span } from '../office/time.js';
import { may } from '../office/shell.js';
import { bodyList } from '../office/lot-parts.js';
import { askNow, removeFeed } from '../office/feed-tools.js';
import { keysPanel } from '../office/feed-keys.js';
import { trialResult } from '../office/trial.js';
import { strip, stripKey } from '../office/draw.js';
import { MODES, troubleOf, strips } from './feeds.js';
import { editFeed } from './feed-form.js';
import { urlOf } from './public-url.js';

function faults(list) {
  return panel(t('读不懂的条目', 'Items that were not understood'), table({
    caption: t('读不懂的条目', 'Faults'), rows: list, none: t('没有', 'None'),
    columns: [{ label: t('条目', 'Item'), show: (f) => f.item + 1 }, { label: t('车场', 'Car park'), show: (f) => f.lot }, { label: t('位置', 'Where'), show: (f) => h('code', null, f.pointer) }, { label: t('原因', 'Reason'), show: (f) => f.reason }],
  }));
}

function lotStrips(lots, cells) {
  return panel(t('车场', 'Car parks'), table({
    caption: t('车场', 'Car parks'), rows: lots, none: t('没有车场用这个来源', 'No car park hangs on it'),
    columns: [{ label: t('名称', 'Name'), head: true, by: (l) => l.name, show: (l) => h('a', { href: `#/lots/${id(l.id)}` }, l.name) }, { label: t('对方编码', 'Its name there'), show: (l) => h('code', null, l.foreign_id ?? l.id) },
      { label: t('最近 24 小时', 'Last 24 hours'), show: (l) => (cells.get(l.id) ? strip(cells.get(l.id)) : '–') }],
  }), lots.length ? stripKey() : null);
}

function replay(registration) {
  const out = h('div', { 'aria-live': 'polite' });
  askFor(t('用别的参数重读', 'Read again by other parameters'), {
    text: t('用保留的报文试新参数；什么都不会改变。', 'The kept bodies are read by these parameters; nothing changes.'),
    fields: [{ name: 'params', label: t('参数（JSON）', 'Parameters (JSON)'), type: 'json', value: registration.params ?? {}, rows: 12, wide: true }],
    submit: t('重读', 'Read'), before: out,
  }, async (values) => {
    const shown = await post(`/v1/admin/feeds/${id(registration.id)}/replay`, values);
    fill(out, trialResult(shown));
    out.scrollIntoView({ block: 'nearest' });
    return false;
  });
}

function tools(feed, registration) {
  if (!may('officer')) return null;
  return [button(t('删除', 'Remove'), removeFeed(feed.id), 'danger'), button(t('修改', 'Edit'), () => editFeed(registration)), button(t('重读', 'Read again'), () => replay(registration)),
    feed.mode === 'poll' ? button(t('立即查询', 'Ask now'), askNow('/v1/admin', feed.id), 'main') : null];
}

export async function feed([ident]) {
  const [status, lots, cells, registration, bodies] = await Promise.all([get('/v1/admin/status'), get('/v1/admin/lots'), strips(), get(`/v1/admin/feeds/${id(ident)}`),
    may('officer') ? maybe(`/v1/admin/feeds/${id(ident)}/bodies`) : null]);
  const one = status.feeds.find((f) => f.id === ident) ?? { id: ident, state: 'new', mode: registration.mode, dialect: registration.dialect, faults: [] };
  return {
    back: ['feeds', t('数据来源', 'Feeds')],
    title: ident,
    mark: healthTag(one.state),
    lead: [one.dialect, MODES()[one.mode], registration.operator].filter(Boolean).join(' · '),
    actions: tools(one, registration),
    body: h('div', { class: 'stack' }, troubleOf(one),
      panel(t('情况', 'How it is'), facts([[t('地址', 'Address'), one.url], [t('上次正常', 'Last good'), one.last_good ? `${when(one.last_good)} (${ago(one.last_good)})` : t('从未', 'never')],
        [t('上次尝试', 'Last try'), one.last_try ? when(one.last_try) : null], [t('下次查询', 'Next'), one.next_ms ? when(one.next_ms) : null], [t('间隔', 'Interval'), one.interval_ms ? span(one.interval_ms) : null],
        [t('用时', 'Took'), one.took_ms ? `${one.took_ms} ms` : null], [t('每次车场数', 'Reports each time'), one.reports]])),
      lotStrips(lots.lots.filter((l) => l.feed === ident), cells), one.faults?.length ? faults(one.faults) : null,
      registration.mode === 'push' && may('officer') ? keysPanel(registration, urlOf(status)) : null,
      bodies ? panel(t('最近的报文（已去除密钥）', 'Last bodies (secrets taken out)'), bodyList(bodies.bodies)) : null),
  };
}

