// SPDX-License-Identifier: MIT
// Counts from a spreadsheet, for car parks without a system: shown first, then told.

import { h, fill, button, panel, say } from '../office/dom.js';
import { t, said } from '../office/i18n.js';
import { post } from '../office/api.js';
import { form } from '../office/form.js';
import { table } from '../office/table.js';
import { go } from '../office/router.js';

function shown(found, file) {
  const send = async () => {
    const done = await post('/v1/operator/upload', file, { headers: { 'Content-Type': file.type || 'text/csv' } });
    go('');
    say(t(`已上报 ${done.accepted} 行`, `${done.accepted} rows were told`));
  };
  return panel(t('核对', 'What would come of it'), h('p', null, t(`共 ${found.rows} 行，可上报 ${found.good} 行。`, `${found.rows} rows, ${found.good} can be told.`)),
    found.refused.length ? table({ caption: t('不能上报的行', 'Refused rows'), rows: found.refused, columns: [
      { label: t('行', 'Row'), head: true, numeric: true, show: (r) => r.row }, { label: t('列', 'Column'), show: (r) => r.column }, { label: t('内容', 'Value'), show: (r) => r.value }, { label: t('原因', 'Why'), show: (r) => said(r.why) }] }) : null,
    found.good ? h('div', { class: 'row end' }, button(t(`上报 ${found.good} 行`, `Tell ${found.good} rows`), send, 'main')) : null);
}

export async function upload() {
  const out = h('div', { 'aria-live': 'polite' });
  const node = form({ fields: [{ name: 'file', type: 'file', label: t('表格（CSV 或 Excel）', 'Table (CSV or Excel)'), required: true, accept: '.csv,.xlsx', wide: true, pointer: '' }], submit: t('核对', 'Look'), work: async ({ file }) => {
    fill(out, shown(await post('/v1/operator/upload?dry_run=1', file, { headers: { 'Content-Type': file.type || 'text/csv' } }), file));
  } });
  return {
    back: ['', t('我的车场', 'My car parks')],
    title: t('用表格上报空位', 'Counts from a spreadsheet'),
    lead: t('给没有停车系统的车场用：编码或名称，空位数或余位（满、紧张、较少、充足），时间可不填。', 'For car parks without a system: code or name, free places or a level (full, few, some, plenty); the time may be left out.'),
    body: h('div', { class: 'stack' }, panel(t('选择文件', 'The file'), node), out),
  };
}
