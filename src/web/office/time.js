// SPDX-License-Identifier: MIT
// Times as people read them: Beijing's, whatever the visitor's computer is set to.

import { t, english } from './i18n.js';

const ZONE = 'Asia/Shanghai';
const BEIJING_MS = 8 * 3600 * 1000;

const form = (more) => new Intl.DateTimeFormat(english() ? 'en-GB' : 'zh-CN', { timeZone: ZONE, hourCycle: 'h23', ...more });
const moment = (at) => (typeof at === 'number' ? new Date(at) : new Date(Date.parse(at)));

export const isoDay = (ms) => new Date(ms + BEIJING_MS).toISOString().slice(0, 10);
export const today = () => isoDay(Date.now());

export function clock(at) {
  return form({ hour: '2-digit', minute: '2-digit' }).format(moment(at));
}

// "14:05" today, else with its day.
export function when(at) {
  if (!at) return '–';
  const date = moment(at);
  if (Number.isNaN(date.getTime())) return '–';
  if (isoDay(date.getTime()) === today()) return t(`今天 ${clock(at)}`, `today ${clock(at)}`);
  const year = date.getFullYear() === new Date().getFullYear() ? {} : { year: 'numeric' };
  return form({ ...year, month: english() ? 'short' : 'long', day: 'numeric', hour: '2-digit', minute: '2-digit' }).format(date);
}

export function day(iso) {
  if (!iso) return '–';
  return form({ year: 'numeric', month: english() ? 'short' : 'long', day: 'numeric' }).format(moment(`${iso.slice(0, 10)}T04:00:00Z`));
}

export function span(ms) {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 60) return t(`${s} 秒`, `${s} s`);
  if (s < 3600) return t(`${Math.round(s / 60)} 分钟`, `${Math.round(s / 60)} min`);
  if (s < 172800) return t(`${Math.round(s / 3600)} 小时`, `${Math.round(s / 3600)} h`);
  return t(`${Math.round(s / 86400)} 天`, `${Math.round(s / 86400)} days`);
}

export function ago(at, now = Date.now()) {
  if (!at) return t('从未', 'never');
  const ms = now - moment(at).getTime();
  return ms < 0 ? when(at) : t(`${span(ms)}前`, `${span(ms)} ago`);
}

// Between <input type="datetime-local"> and RFC 3339; what is typed is Beijing's time.
export const toLocal = (ms) => new Date(ms + BEIJING_MS).toISOString().slice(0, 16);
export const fromLocal = (text) => (text ? new Date(Date.parse(`${text}:00Z`) - BEIJING_MS).toISOString().replace('.000', '') : '');
