// SPDX-License-Identifier: MIT
// The operator's feeds: the systems from which counts come.

import { h, empty, tag } from '../office/dom.js';
import { t, plural } from '../office/i18n.js';
import { get, maybe, id } from '../office/api.js';
import { healthTag } from '../office/words.js';
import { ago } from '../office/time.js';
import { failure } from '../office/explain.js';
import { refresh } from '../office/router.js';

export const MODES = () => ({ poll: t('由平台定时查询', 'asked by us'), push: t('由停车系统推送', 'pushes to us'), mqtt: 'MQTT' });

export const stateOf = (ident) => maybe(`/v1/operator/feeds/${id(ident)}/status`, { state: 'new' });

export function troubleOf(status) {
  if (status.state !== 'bad') return null;
  const words = failure(status.error, status.http_status);
  return h('div', { class: 'note bad' }, words ? h('p', null, words) : null, h('p', { class: 'small' }, status.error ?? ''));
}

function card(feed, status, n) {
  return h('article', { class: 'panel', 'aria-label': feed.id },
    h('header', null, h('h2', null, h('a', { href: `#/feeds/${id(feed.id)}` }, feed.id)), feed.enabled === false ? tag(t('已停用', 'switched off')) : healthTag(status.state)),
    h('p', { class: 'soft small' }, [feed.dialect, MODES()[feed.mode], t(`${n} 个车场`, plural(n, 'car park')), status.last_good ? t(`最近 ${ago(status.last_good)}`, `last ${ago(status.last_good)}`) : null].filter(Boolean).join(' · ')),
    troubleOf(status));
}

export async function feeds(args, page) {
  const [{ feeds: all }, { lots }] = await Promise.all([get('/v1/operator/feeds'), get('/v1/operator/lots')]);
  const states = await Promise.all(all.map((one) => stateOf(one.id)));
  page.every(15000, refresh);
  return {
    title: t('数据来源', 'Feeds'),
    lead: t('停车系统的空位数据从这里进来。', 'Where the counts of your parking systems come in.'),
    actions: h('a', { class: 'button main', href: '#/connect' }, t('登记数据来源', 'Register a feed')),
    body: all.length ? h('div', { class: 'cards' }, all.map((one, i) => card(one, states[i], lots.filter((lot) => lot.feed === one.id).length))) : empty(t('还没有数据来源', 'No feed yet')),
  };
}
