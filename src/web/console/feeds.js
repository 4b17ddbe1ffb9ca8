// SPDX-License-Identifier: MIT
// Where the data comes from: each feed with its last 24 hours, and in plain words what is wrong and what to do.

import { h, button, empty } from '../office/dom.js';
import { t, plural } from '../office/i18n.js';
import { get, maybe, id } from '../office/api.js';
import { healthTag } from '../office/words.js';
import { ago, span, isoDay, today } from '../office/time.js';
import { lastDay, strip, stripKey, worst } from '../office/draw.js';
import { failure } from '../office/explain.js';
import { refresh } from '../office/router.js';
import { may } from '../office/shell.js';
import { editFeed } from './feed-form.js';

// The feed that is always there: what attendants tell.
export const PEOPLE = 'people';
export const MODES = () => ({ poll: t('定时查询', 'asked by us'), push: t('对方推送', 'pushes to us'), mqtt: 'MQTT' });

export function troubleOf(feed) {
  if (feed.state !== 'bad') return null;
  const words = failure(feed.error, feed.http_status);
  return h('div', { class: 'note bad' }, words ? h('p', null, words) : null,
    h('p', { class: 'small' }, feed.http_status >= 400 ? `HTTP ${feed.http_status} · ` : '', feed.error ?? ''),
    h('p', { class: 'small' }, t(`上次正常：${ago(feed.last_good)}；已连续失败 ${feed.failures} 次`, `Last good: ${ago(feed.last_good)}; ${plural(feed.failures, 'failure')} in a row`)));
}

// The strips of all lots, by lot: { lot: cells of the last 24 hours }.
export async function strips() {
  const days = await Promise.all([isoDay(Date.now() - 86400000), today()].map((date) => maybe(`/v1/admin/quality?date=${date}`, { quality: [] })));
  const [before, now] = days.map((one) => new Map(one.quality.map((row) => [row.lot, row.samples])));
  return new Map([...new Set([...before.keys(), ...now.keys()])].map((lot) => [lot, lastDay(before.get(lot), now.get(lot))]));
}

function card(feed, lots, cells) {
  const known = lots.map((one) => cells.get(one.id)).filter(Boolean);
  return h('article', { class: 'panel', 'aria-label': feed.id },
    h('header', null, h('h2', null, h('a', { href: `#/feeds/${id(feed.id)}` }, feed.id)), healthTag(feed.state)),
    h('p', { class: 'soft small' }, [...(feed.id === PEOPLE ? [t('值守员用手机上报', 'told by attendants')] : [feed.dialect, MODES()[feed.mode]]), t(`${lots.length} 个车场`, plural(lots.length, 'car park')), feed.last_good ? t(`最近 ${ago(feed.last_good)}`, `last ${ago(feed.last_good)}`) : null,
      feed.mode === 'poll' && feed.interval_ms ? t(`每 ${span(feed.interval_ms)}`, `every ${span(feed.interval_ms)}`) : null].filter(Boolean).join(' · ')),
    known.length ? strip(worst(known), t('24 小时前', '24 h ago'), t('现在', 'now')) : h('p', { class: 'soft small' }, t('还没有记录', 'No record yet')),
    troubleOf(feed),
    feed.unknown_lots ? h('p', { class: 'note warn' }, t(`报来 ${feed.unknown_lots} 个没有登记的车场`, `It tells of ${plural(feed.unknown_lots, 'car park')} not registered`)) : null,
    feed.silent_lots ? h('p', { class: 'note warn' }, t(`${feed.silent_lots} 个车场只有名称没有数据`, `${plural(feed.silent_lots, 'car park')} without counts`)) : null);
}

export async function feeds(args, page) {
  const [status, registered, cells] = await Promise.all([get('/v1/admin/status'), get('/v1/admin/lots'), strips()]);
  const rank = { bad: 0, new: 1, good: 2, disabled: 3 };
  const list = [...status.feeds].sort((a, b) => (rank[a.state] ?? 1) - (rank[b.state] ?? 1) || a.id.localeCompare(b.id));
  page.every(20000, refresh);
  return {
    title: t('数据来源', 'Feeds'),
    lead: t('每个车场的数据从哪里来，最近 24 小时每半小时一格。', 'Where the counts come from; one cell for each half hour of the last 24.'),
    actions: may('officer') ? button(t('新增来源', 'Add a feed'), () => editFeed(null), 'main') : null,
    body: list.length ? h('div', { class: 'stack' }, stripKey(), h('div', { class: 'cards' }, list.map((feed) => card(feed, registered.lots.filter((lot) => lot.feed === feed.id), cells))))
      : empty(t('还没有数据来源', 'No feed yet')),
  };
}
