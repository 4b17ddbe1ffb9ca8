// SPDX-License-Identifier: MIT
// Dialogs: the browser's own, which keep the focus inside and close by Escape.

import { h, button, say, unique } from './dom.js';
import { t } from './i18n.js';
import { form } from './form.js';

function openDialog(title, ...content) {
  const id = unique('dialog');
  const dialog = h('dialog', { 'aria-labelledby': id },
    h('header', null, h('h2', { id }, title),
      h('button', { type: 'button', class: 'close', 'aria-label': t('关闭', 'Close'), onclick: () => dialog.close() }, '×')),
    h('div', null, content));
  const before = document.activeElement;
  dialog.addEventListener('close', () => {
    dialog.remove();
    (before?.isConnected ? before : document.querySelector('main h1'))?.focus();
  });
  document.body.append(dialog);
  dialog.showModal();
  const first = dialog.querySelector('[autofocus], input, select, textarea');
  first?.focus();
  if (first?.matches('textarea')) first.setSelectionRange(0, 0);
  return dialog;
}

// A form in a dialog: work(values) may throw a Problem, which is shown beside its field; otherwise the dialog closes, unless it
// gives false.
export function askFor(title, options, work) {
  const one = form({ ...options, cancel: () => dialog.close(), work: async (values) => {
    if (await work(values) !== false) dialog.close();
  } });
  const dialog = openDialog(title, options.text ? h('p', null, options.text) : null, options.before, one);
  return dialog;
}

export const whyField = (more = {}) => ({ name: 'why', label: t('原因', 'Why'), type: 'textarea', required: true, wide: true, max: 400, ...more });

// Something that is shown once and never again.
export function showSecret(title, text, secret) {
  const output = h('output', null, secret);
  const dialog = openDialog(title, h('div', { class: 'secret' }, h('p', null, text), output,
    h('div', { class: 'row end' },
      button(t('复制', 'Copy'), async () => {
        await copy(secret, output);
        say(t('已复制', 'Copied'));
      }, 'main'),
      button(t('完成', 'Done'), () => dialog.close()))));
}

// Without TLS browsers keep the clipboard from pages: the text is marked for copying by hand then.
async function copy(text, node) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const range = document.createRange();
    range.selectNodeContents(node);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    document.execCommand('copy');
  }
}
