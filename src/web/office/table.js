// SPDX-License-Identifier: MIT
// Tables that sort by their headings and turn into blocks on a phone. The roles are said, because a block is no table to some
// readers any more.

import { h, fill, empty } from './dom.js';
import { t, english } from './i18n.js';

const orders = new Map(); // what people chose, by page and table, until the page is left

const order = () => new Intl.Collator(english() ? 'en' : 'zh-CN', { numeric: true });

function compare(a, b, collator) {
  const none = (v) => v === null || v === undefined || v === '';
  if (none(a) || none(b)) return none(a) - none(b);
  return typeof a === 'number' && typeof b === 'number' ? a - b : collator.compare(String(a), String(b));
}

function cell(column, row) {
  const value = column.show(row);
  const cls = [column.numeric ? 'n' : '', column.bare ? 'bare' : '', column.tight ? 'tight' : ''].filter(Boolean).join(' ') || null;
  if (column.head) return h('th', { scope: 'row', role: 'rowheader', class: column.tight ? 'tight' : null }, value);
  return h('td', { role: 'cell', class: cls, 'data-label': column.label }, value);
}

// columns: [{ label, show(row), by(row) to sort, numeric, head, bare, tight: not broken }]
export function table({ caption, columns, rows, none }) {
  if (!rows.length) return empty(none ?? t('没有内容', 'Nothing here'));
  const body = h('tbody', { role: 'rowgroup' });
  const chosen = `${location.hash.split('?')[0]} ${caption}`;
  const draw = (list) => fill(body, list.map((row) => h('tr', { role: 'row' }, columns.map((column) => cell(column, row)))));
  const heads = columns.map((column) => {
    const head = h('th', { scope: 'col', role: 'columnheader', class: column.numeric ? 'n' : null },
      column.by ? h('button', { type: 'button', onclick: () => choose(column) }, column.label)
        : column.bare ? h('span', { class: 'unseen' }, column.label) : column.label);
    return head;
  });
  function choose(column) {
    const before = orders.get(chosen);
    const at = columns.indexOf(column);
    orders.set(chosen, { at, down: before?.at === at && !before.down });
    sort();
  }
  function sort() {
    const { at, down } = orders.get(chosen);
    const collator = order();
    heads.forEach((one) => one.removeAttribute('aria-sort'));
    heads[at].setAttribute('aria-sort', down ? 'descending' : 'ascending');
    const list = [...rows].sort((a, b) => compare(columns[at].by(a), columns[at].by(b), collator));
    draw(down ? list.reverse() : list);
  }
  if (columns[orders.get(chosen)?.at]?.by) sort();
  else draw(rows);
  return h('div', { class: 'table-box' }, h('table', { class: 'blocks', role: 'table' },
    h('caption', { class: 'unseen' }, caption), h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' }, heads)), body));
}
