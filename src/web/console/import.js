// SPDX-License-Identifier: MIT
// The office's own spreadsheet: first a dry run that names every doubtful row, then, when somebody has looked, the import.

import { h, fill, button, panel, say } from '../office/dom.js';
import { t, said } from '../office/i18n.js';
import { post, Problem } from '../office/api.js';
import { form } from '../office/form.js';
import { table } from '../office/table.js';
import { stageTag } from '../office/words.js';
import { go, trouble } from '../office/router.js';

const XLSX = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';

const acts = () => ({ new: t('新增', 'new'), changed: t('变更', 'changed'), same: t('不变', 'same'), refused: t('不收', 'refused') });

function doubts(caption, rows) {
  return table({
    caption, rows, none: t('没有', 'None'),
    columns: [
      { label: t('行', 'Row'), numeric: false, by: (d) => d.row, show: (d) => t(`第 ${d.row} 行`, `row ${d.row}`) },
      { label: t('停车场', 'Car park'), show: (d) => d.name },
      { label: t('栏目', 'Column'), by: (d) => d.column, show: (d) => d.column },
      { label: t('表中内容', 'In the sheet'), show: (d) => (d.value ? h('code', null, d.value) : '') },
      { label: t('问题', 'What about it'), show: (d) => said(d.why) },
    ],
  });
}

function preview(rows) {
  const words = acts();
  return table({
    caption: t('预览', 'Preview'), rows,
    columns: [
      { label: t('行', 'Row'), show: (r) => t(`第 ${r.row} 行`, `row ${r.row}`) },
      { label: t('名称', 'Name'), head: true, show: (r) => r.entry?.name },
      { label: t('编码', 'Code'), show: (r) => h('code', null, r.entry?.id ?? '') },
      { label: t('状态', 'State'), show: (r) => (r.entry?.state && r.act !== 'refused' ? stageTag(r.entry.state) : '') },
      { label: t('泊位', 'Places'), numeric: true, show: (r) => r.entry?.total },
      { label: t('结果', 'Becomes'), show: (r) => words[r.act] ?? r.act },
    ],
  });
}

function result(shown, name) {
  const skip = h('input', { type: 'checkbox', id: 'skip' });
  const rows = new Set(shown.doubtful.map((d) => d.row)).size;
  const wrong = h('div');
  const confirm = button(t('确认导入', 'Import'), async () => {
    try {
      const done = await post(`/v1/admin/ledger/import/${shown.import}/confirm`, { skip_doubtful: skip.checked });
      go('');
      say(t(`已导入：新增 ${done.new}，变更 ${done.changed}`, `Imported: ${done.new} new, ${done.changed} changed`));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      fill(wrong, trouble(error));
    }
  }, 'main');
  return h('div', { class: 'stack' },
    panel([t('试读结果', 'Dry run'), h('span', { class: 'soft' }, name)],
      h('p', null, t(`共 ${shown.rows} 行：新增 ${shown.new}，变更 ${shown.changed}，不变 ${shown.same}，不收 ${shown.refused.length}。现在什么都还没有改动。`,
        `${shown.rows} rows: ${shown.new} new, ${shown.changed} changed, ${shown.same} the same, ${shown.refused.length} refused. Nothing has been changed yet.`)),
      h('p', { class: 'soft' }, t('认出的栏目：', 'Columns that were recognised: '), Object.entries(shown.headings).sort((a, b) => a[1] - b[1]).map(([name]) => name).join(t('、', ', '))),
      shown.ignored.length ? h('p', { class: 'note warn' }, t('没有认出、不会导入的栏目：', 'Columns that were not recognised and are left out: '), shown.ignored.join(t('、', ', '))) : null,
      rows ? h('div', { class: 'field check' }, skip, h('label', { for: 'skip' }, t(`有疑问的 ${rows} 行先不导入`, `Leave the ${rows} doubtful rows out`))) : null,
      wrong, h('div', { class: 'row end' }, confirm)),
    shown.refused.length ? panel(t(`不收的行（${shown.refused.length}）`, `Refused rows (${shown.refused.length})`), doubts(t('不收的行', 'Refused rows'), shown.refused)) : null,
    panel(t(`有疑问之处（${shown.doubtful.length}）`, `Doubts (${shown.doubtful.length})`), doubts(t('有疑问之处', 'Doubts'), shown.doubtful)),
    shown.preview?.length ? panel(t('预览', 'Preview'), preview(shown.preview)) : null);
}

export function importSheet() {
  const out = h('div', { 'aria-live': 'polite' });
  const one = form({
    fields: [{ name: 'file', label: t('台账表格', 'The sheet'), type: 'file', required: true, wide: true, accept: '.csv,.xlsx', pointer: '/file',
      hint: t('CSV（UTF-8 或 GB 18030）或 XLSX。标题行可以有两行，栏目名用中文。', 'CSV (UTF-8 or GB 18030) or XLSX. Headings may span two rows.') }],
    submit: t('试读', 'Dry run'),
    work: async ({ file }) => {
      const type = /\.xlsx$/i.test(file.name) ? XLSX : 'text/csv';
      const shown = await post('/v1/admin/ledger/import', new Blob([await file.arrayBuffer()], { type }), { headers: { 'Content-Type': type } });
      fill(out, result(shown, file.name));
      out.querySelector('h2').scrollIntoView({ block: 'start' });
    },
  });
  return {
    back: ['', t('台账', 'Ledger')],
    title: t('导入表格', 'Import a sheet'),
    lead: t('先试读，看清每一处疑问，再确认。', 'First a dry run that names every doubt, then the import.'),
    body: h('div', { class: 'stack' }, h('div', { class: 'panel' }, one), out),
  };
}
