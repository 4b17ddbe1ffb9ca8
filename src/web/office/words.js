// SPDX-License-Identifier: MIT
// The field's words in both languages, with the tone they are shown in.

import { t } from './i18n.js';
import { tag } from './dom.js';

const table = (rows) => (key) => {
  const row = rows[key];
  return row ? t(row[0], row[1]) : key ?? '';
};
const tones = (rows, word) => (key) => tag(word(key), rows[key]?.[2] ?? '');

const stages = {
  surveyed: ['普查', 'surveyed', ''], registered: ['登记', 'registered', 'blue'], testing: ['联调', 'testing', 'mild'],
  connected: ['接入', 'connected', 'good'], suspended: ['暂停', 'suspended', 'warn'], retired: ['退出', 'retired', ''],
};
export const STAGES = Object.keys(stages);
export const stage = table(stages);
export const stageTag = tones(stages, stage);

const bands = {
  full: ['已满', 'full', 'bad'], few: ['紧张', 'few', 'warn'], some: ['较少', 'some', 'mild'], plenty: ['充足', 'plenty', 'good'], unknown: ['未知', 'unknown', ''],
};
export const band = table(bands);
export const bandTag = tones(bands, band);

const fresh = {
  fresh: ['实时', 'live', 'good'], late: ['迟到', 'late', 'mild'], stale: ['过时', 'stale', 'warn'], offline: ['离线', 'offline', 'bad'], never: ['从无数据', 'never', ''],
};
const freshness = table(fresh);
export const freshTag = tones(fresh, freshness);

const health = {
  good: ['正常', 'good', 'good'], bad: ['有故障', 'failing', 'bad'], new: ['还没有数据', 'nothing yet', ''], disabled: ['已停用', 'switched off', ''],
  untried: ['还没有数据', 'nothing yet', ''], off: ['已停用', 'switched off', ''], paused: ['已暂停', 'paused', 'warn'], broken: ['已熔断，等待重试', 'waiting to retry', 'bad'], waiting: ['等待', 'waiting', ''],
};
export const healthTag = tones(health, table(health));

const modes = { auto: ['自动', 'automatic', 'blue'], manual: ['人工', 'by hand', 'mild'] };
const mode = table(modes);
export const modeTag = tones(modes, mode);

export const role = table({
  viewer: ['查看员', 'viewer'], officer: ['经办人', 'officer'], admin: ['管理员', 'administrator'], operator: ['经营单位', 'operator'],
  sink: ['平台方', 'platform'], attendant: ['值守员', 'attendant'], nobody: ['未登录', 'nobody'],
});
export const ROLES = ['viewer', 'officer', 'admin', 'operator', 'sink'];

const flags = {
  negative: ['负数', 'negative', 'warn'], over_total: ['超出总数', 'over total', 'warn'], jump: ['突变', 'jump', 'mild'], frozen: ['长时间不变', 'frozen', 'bad'],
  clock_skew: ['时钟偏差', 'clock skew', 'mild'], total_changed: ['总数变化', 'total changed', 'mild'], derived: ['推算', 'derived', ''],
  manual: ['人工', 'by hand', 'mild'], drift: ['漂移', 'drift', 'warn'],
};
export const flagTag = tones(flags, table(flags));

const colours = { none: ['正常', 'none', 'good'], blue: ['蓝', 'blue', 'blue'], yellow: ['黄', 'yellow', 'mild'], orange: ['橙', 'orange', 'warn'], red: ['红', 'red', 'bad'] };
export const colour = table(colours);
export const colourTag = tones(colours, colour);

export const rule = table({
  online_rate: ['在线率', 'online rate'], timeliness: ['及时率', 'timeliness'], completeness: ['完整率', 'completeness'], offline_hours: ['离线小时', 'hours offline'],
  frozen_days: ['不变天数', 'days frozen'], unreconciled_days: ['对账不符天数', 'days not reconciled'], drift: ['漂移', 'drift'], honesty: ['真实性', 'honesty'],
});

export const placeClass = table({
  charging: ['充电车位', 'charging'], charging_fast: ['快充车位', 'fast charging'], charging_slow: ['慢充车位', 'slow charging'], nev: ['新能源车位', 'new-energy vehicles'],
  accessible: ['无障碍车位', 'accessible'], courier: ['暖蜂车位', 'couriers'], lorry: ['货车车位', 'lorries'], bus: ['大客车车位', 'coaches'],
  two_wheeler: ['两轮车位', 'two-wheelers'], family: ['亲子车位', 'families'], women: ['女士车位', 'women'], permit: ['固定车位', 'permit holders'], bookable: ['预约车位', 'bookable'],
});
export const CLASSES = ['charging', 'charging_fast', 'charging_slow', 'nev', 'accessible', 'courier', 'lorry', 'bus', 'two_wheeler', 'family', 'women', 'permit', 'bookable'];

export const DATUMS = () => [['gcj02', t('GCJ-02（高德、腾讯）', 'GCJ-02 (Amap, Tencent)')], ['bd09', t('BD-09（百度）', 'BD-09 (Baidu)')], ['wgs84', t('WGS-84（GPS、CGCS2000）', 'WGS-84 (GPS, CGCS2000)')]];

const objections = { open: ['待处理', 'open', 'mild'], accepted: ['已采纳', 'accepted', 'good'], refused: ['不采纳', 'refused', 'bad'] };
export const objectionTag = tones(objections, table(objections));

const results = { pass: ['通过', 'passed', 'good'], fail: ['未通过', 'failed', 'bad'], waiting: ['等待', 'waiting', ''],
  running: ['进行中', 'running', 'mild'], passed: ['已通过', 'passed', 'good'], failed: ['未通过', 'failed', 'bad'] };
export const resultTag = tones(results, table(results));

export const percent = (share, digits = 1) => (share === null || share === undefined ? '–' : `${(share * 100).toFixed(digits)}%`);
