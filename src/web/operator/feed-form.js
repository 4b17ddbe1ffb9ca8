// SPDX-License-Identifier: MIT
// A feed by its dialect: the vendor's parameters as fields, and a trial before anything counts.

import { h, fill, button, panel, say } from '../office/dom.js';
import { t } from '../office/i18n.js';
import { get, post, put, id, Problem } from '../office/api.js';
import { askFor } from '../office/dialog.js';
import { form } from '../office/form.js';
import { trialResult } from '../office/trial.js';
import { go } from '../office/router.js';
import { MODES } from './feeds.js';

const VENDORS = () => ({ generic: t('其他：按字段对应（JSON、XML、CSV）', 'Any other: by a mapping (JSON, XML, CSV)'), native: t('本平台格式', 'parkd’s own format'), hikvision: t('海康威视', 'Hikvision'), keytop: t('科拓', 'Keytop'), jieshun: t('捷顺', 'Jieshun'), dahua: t('大华', 'Dahua'),
  bolink: t('泊链（推送）', 'Bolink (pushes)'), 'bolink-query': t('泊链（查询）', 'Bolink (asked)'), tdznyun: t('停道智能云', 'TDZN'), '4pyun': t('P 云', '4PYUN'), '4pyun-api': t('P 云开放接口', '4PYUN open API'), 'alibaba-parking': t('阿里停车', 'Alibaba parking'),
  'plate-recognition': t('车牌识别一体机', 'plate-recognition cameras'), parkingos: 'ParkingOS' });

// By what parkd says of a parameter: "string", "secret", "boolean?", "number?", "object?", "secrets"; "?" may be left out.
function paramField(name, type, value) {
  const optional = type.endsWith('?');
  const kind = type.replace('?', '');
  const common = { name: `params/${name}`, label: name, value, optional, required: !optional && kind !== 'boolean' };
  if (kind === 'boolean') return { ...common, type: 'check', value: Boolean(value) };
  if (kind === 'number') return { ...common, type: 'number', step: 'any' };
  if (name === 'mapping') return { ...common, type: 'json', rows: 14, wide: true, value: value ?? '', hint: t('字段对应。不会写就先留空，按“用样本试”或“连上试”，会给出建议。', 'The mapping. Leave it empty at first: “Try a sample” or “Try it live” proposes one.') };
  if (kind === 'object' || kind === 'secrets') return { ...common, type: 'json', rows: 4, wide: true, value: value ?? '' };
  return { ...common, max: 400, hint: kind === 'secret' ? t('保密，保存后显示为 ***', 'secret: shown as *** once it is saved') : null, wide: name.length > 14 };
}

// generic says its members one by one; a mapping is a document.
const typeOf = (value) => (typeof value === 'string' ? value : 'object?');

function groups(feed, dialect, modes, mode) {
  const f = feed ?? {};
  const rare = (name) => dialect.name === 'generic' && name !== 'mapping';
  const of = (wanted) => Object.entries(dialect.params).filter(([name]) => wanted(name)).map(([name, type]) => paramField(name, typeOf(type), f.params?.[name]));
  const rareOnes = of(rare);
  return [
    { fields: [feed ? null : { name: 'id', label: t('编号', 'Id'), required: true, max: 32, value: f.id, hint: t('自己起：字母、数字、. _ -', 'Of your choice: letters, digits, . _ -') },
      { name: 'mode', label: t('方式', 'How'), type: 'select', value: mode, options: modes.map((one) => [one, MODES()[one]]) },
      mode === 'poll' ? { name: 'url', label: t('接口地址', 'Address of the interface'), type: 'url', value: f.url, required: true, wide: true, max: 400, placeholder: 'https://' } : null,
      mode === 'poll' ? { name: 'interval_s', pointer: '/interval_ms', label: t('每隔几秒查询', 'Seconds between two polls'), type: 'number', min: 1, step: 'any', value: (f.interval_ms ?? 30000) / 1000 } : null].filter(Boolean) },
    { legend: t('厂家参数', 'The vendor’s parameters'), fields: of((name) => !rare(name)) }, rareOnes.length ? { legend: t('少用的参数', 'Rarely needed'), fields: rareOnes, fold: true } : null,
  ].filter((one) => one && (one.fields.length || !one.legend));
}

// What a form says, as a registration. Members that the form does not show stay as they are.
function document_(values, feed, dialect) {
  const { interval_s: seconds, params = {}, ...rest } = values;
  const kept = feed ? Object.fromEntries(Object.entries(feed).filter(([name]) => !['operator', 'params', 'url', 'interval_ms', 'mode', 'dialect'].includes(name))) : {};
  Object.keys(params).forEach((name) => { if (params[name] === false && typeOf(dialect.params[name]) === 'boolean?') delete params[name]; });
  return { ...kept, ...rest, id: feed?.id ?? rest.id, dialect: dialect.name, params, ...(seconds ? { interval_ms: Math.round(seconds * 1000) } : {}) };
}

function sampleDialog(ask) {
  askFor(t('用样本试', 'Try a sample'), { text: t('把停车系统给出的一份报文贴在这里；什么都不会保存。', 'Paste one message of the parking system; nothing is stored.'),
    fields: [{ name: 'body', label: t('报文', 'Message'), type: 'textarea', rows: 12, wide: true, required: true }], submit: t('试一试', 'Try') }, async ({ body }) => { await ask({ sample: { body } }); });
}

export async function editFeed([ident], page) {
  const [{ dialects }, feed] = await Promise.all([get('/v1/dialects'), ident ? get(`/v1/operator/feeds/${id(ident)}`) : null]);
  const names = VENDORS();
  const out = h('div', { 'aria-live': 'polite' });
  const place = h('div');
  const choice = h('select', { id: 'dialect', onchange: () => draw() }, [...dialects].sort((a, b) => (names[b.name] ? 1 : 0) - (names[a.name] ? 1 : 0) || a.name.localeCompare(b.name))
    .map((one) => h('option', { value: one.name, selected: (feed?.dialect ?? 'generic') === one.name }, names[one.name] ? `${names[one.name]} · ${one.name}` : one.name)));
  let node = null;

  const ask = async (more) => {
    const dialect = dialects.find((one) => one.name === choice.value);
    const { url, params } = document_(node.values(), feed, dialect);
    const propose = dialect.name === 'generic' && !params.mapping;
    const shown = await post('/v1/operator/try', { dialect: dialect.name, params, ...(propose ? { propose: true } : {}), ...(ident && feed.dialect === dialect.name ? { feed: ident } : {}), ...(more ?? { url }) }, { waitMs: 60000 });
    fill(out, trialResult(shown), shown.proposal ? panel(t('建议的对应', 'A mapping that fits'), h('pre', { class: 'raw', tabindex: '0' }, JSON.stringify(shown.proposal, null, 2)),
      button(t('采用', 'Use it'), () => {
        node.field('params/mapping').value = JSON.stringify(shown.proposal, null, 2);
        say(t('已填入，请核对后保存', 'Filled in: look at it, then save'));
      })) : null);
    out.scrollIntoView({ block: 'nearest' });
  };
  const attempt = (more) => async () => {
    try {
      await ask(more);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      node.fail(error);
    }
  };

  function draw(wanted) {
    const dialect = dialects.find((one) => one.name === choice.value);
    const modes = [dialect.poll ? 'poll' : null, dialect.push ? 'push' : null].filter(Boolean);
    const mode = modes.includes(wanted) ? wanted : modes.includes(feed?.mode) ? feed.mode : modes[0];
    const same = feed?.dialect === dialect.name ? feed : feed ? { ...feed, params: {} } : null;
    node = form({ groups: groups(same, dialect, modes, mode), cancel: () => go(ident ? `feeds/${id(ident)}` : 'feeds'),
      more: [button(t('用样本试', 'Try a sample'), () => sampleDialog(ask)), mode === 'poll' ? button(t('连上试', 'Try it live'), attempt()) : null],
      work: async (values) => {
        const one = document_(values, feed, dialect);
        await put(`/v1/operator/feeds/${id(one.id)}`, one);
        go(`feeds/${id(one.id)}`);
        say(one.mode === 'push' && !ident ? t('已保存，请生成推送密钥', 'Saved: now make a key for pushing') : t('已保存', 'Saved'));
      } });
    node.field('mode').addEventListener('change', (event) => draw(event.target.value));
    fill(place, node);
    fill(out);
  }
  draw();
  return {
    back: ident ? [`feeds/${id(ident)}`, ident] : ['feeds', t('数据来源', 'Feeds')],
    title: ident ? t('修改数据来源', 'Edit the feed') : t('登记数据来源', 'Register a feed'),
    body: h('div', { class: 'stack' }, panel(t('停车系统', 'The parking system'), h('div', { class: 'field' }, h('label', { for: 'dialect' }, t('厂家、协议', 'Vendor, protocol')), choice), place), out),
    page,
  };
}
