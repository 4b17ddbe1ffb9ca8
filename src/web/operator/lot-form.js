// SPDX-License-Identifier: MIT
// A car park's registration.

import { h, button, panel, say } from '../office/dom.js';
import { t } from '../office/i18n.js';
import { get, put, id } from '../office/api.js';
import { form } from '../office/form.js';
import { CLASSES, DATUMS, placeClass } from '../office/words.js';
import { go } from '../office/router.js';
import { PEOPLE } from './lots.js';

// What a registration may have and this form does not ask: it stays as it is.
const kept = (lot) => Object.fromEntries(['kind', 'notes', 'hours', 'entrance'].filter((name) => lot?.[name] !== undefined).map((name) => [name, lot[name]]));
const count = (name, label, value, more = {}) => ({ name, label, type: 'number', min: 0, step: 1, value, optional: true, ...more });

function groups(lot, feeds) {
  const l = lot ?? {};
  const sources = [['', t('还没有', 'none yet')], ...(l.feed === PEOPLE ? [[PEOPLE, t('值守员手机上报', 'attendants by phone')]] : []), ...feeds.map((one) => [one.id, `${one.id}（${one.dialect}）`])];
  return [
    { legend: t('车场', 'Car park'), fields: [
      lot ? null : { name: 'id', label: t('编码', 'Code'), required: true, max: 32, hint: t('主管部门台账里的编码；没有就问主管部门', 'As in the office’s ledger; ask the office if there is none') },
      { name: 'name', label: t('名称', 'Name'), value: l.name, required: true, max: 60 }, { name: 'name_en', label: t('英文名称', 'English name'), value: l.name_en, optional: true, max: 90 },
      { name: 'address', label: t('地址', 'Address'), value: l.address, optional: true, max: 90, wide: true }, { name: 'area', label: t('街道、片区', 'Area'), value: l.area, optional: true, max: 20 },
      { name: 'phone', label: t('联系电话', 'Phone'), type: 'tel', value: l.phone, optional: true, max: 30 }].filter(Boolean) },
    { legend: t('位置', 'Place'), before: h('p', { class: 'soft' }, t('从地图软件抄下入口的坐标，并选清是哪种坐标；或在入口处用手机定位。', 'Copy the entrance’s coordinates from a map and say which kind they are; or stand there and use your phone’s position.')),
      fields: [{ name: 'location/lng', label: t('经度', 'Longitude'), type: 'number', step: 'any', value: l.location?.lng, optional: true, placeholder: '118.0305' }, { name: 'location/lat', label: t('纬度', 'Latitude'), type: 'number', step: 'any', value: l.location?.lat, optional: true, placeholder: '36.8132' },
        { name: 'location/datum', label: t('坐标系', 'Datum'), type: 'select', value: l.location?.datum ?? '', options: [['', t('请选择', 'choose')], ...DATUMS()] }] },
    { legend: t('泊位', 'Places'), fields: [count('total', t('总泊位', 'Places'), l.total), count('open', t('对外开放', 'Of these open to all'), l.open), ...CLASSES.map((one) => count(`classes/${one}`, placeClass(one), l.classes?.[one]))], cls: 'four' },
    { legend: t('开放与收费', 'Hours and fees'), fields: [{ name: 'hours_text', label: t('开放时间', 'Hours'), value: l.hours_text, optional: true, max: 30, placeholder: t('全天', 'all day'), hint: t('写成 7:00-22:00 或 周一至周五 7:30-20:00；周末 9:00-18:00，市民就能查“现在开放”', 'As 7:00-22:00 or 周一至周五 7:30-20:00；周末 9:00-18:00: residents can then ask for what is open now') }, { name: 'fee_text', label: t('收费', 'Fees'), value: l.fee_text, optional: true, max: 45, placeholder: t('每小时 2 元', '2 yuan an hour') },
      count('free_minutes', t('免费分钟', 'Free minutes'), l.free_minutes), count('courier_minutes', t('暖蜂限停（分钟）', 'Couriers may stay (min)'), l.courier_minutes), { name: 'height_m', label: t('限高（米）', 'Height limit (m)'), type: 'number', min: 0, step: 'any', value: l.height_m, optional: true }] },
    { legend: t('数据来源', 'Where its counts come from'), fields: [{ name: 'feed', label: t('数据来源', 'Feed'), type: 'select', value: l.feed ?? '', options: sources, hint: t('先在“数据来源”里登记停车系统；没有系统的车场保存后再请值守员', 'Register the system under “Feeds” first; a car park without one gets attendants after it is saved') },
      { name: 'foreign_id', label: t('车场在对方系统里的编码', 'Its name in that system'), value: l.foreign_id, optional: true, max: 60 }] },
  ];
}

function here(node) {
  if (!navigator.geolocation || !isSecureContext) return null;
  return button(t('用本机位置', 'Use this phone’s position'), () => new Promise((done) => {
    navigator.geolocation.getCurrentPosition(({ coords }) => {
      node().field('location/lng').value = coords.longitude.toFixed(6);
      node().field('location/lat').value = coords.latitude.toFixed(6);
      node().field('location/datum').value = 'wgs84';
      done();
    }, () => {
      say(t('没有取得位置', 'No position was given'));
      done();
    }, { enableHighAccuracy: true, timeout: 15000 });
  }));
}

export async function editLot([ident]) {
  const [{ feeds }, found] = await Promise.all([get('/v1/operator/feeds'), ident ? get(`/v1/operator/lots/${id(ident)}`, { versioned: true }) : { value: null }]);
  const lot = found.value;
  let node = null;
  const list = groups(lot, feeds);
  list[1].after = h('div', { class: 'row' }, here(() => node));
  node = form({ groups: list, cancel: () => go(ident ? `lots/${id(ident)}` : ''), work: async (values) => {
    const name = ident ?? values.id;
    await put(`/v1/operator/lots/${id(name)}`, { ...kept(lot), ...values, id: name }, found.version ? { headers: { 'If-Match': `"${found.version}"` } } : {});
    go(`lots/${id(name)}`);
    say(t('已保存', 'Saved'));
  } });
  return {
    back: ident ? [`lots/${id(ident)}`, lot.name] : ['', t('我的车场', 'My car parks')],
    title: ident ? t('修改登记', 'Edit the registration') : t('登记车场', 'Register a car park'),
    lead: ident ?? null,
    body: panel(t('登记信息', 'Registration'), node),
  };
}
