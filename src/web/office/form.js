// SPDX-License-Identifier: MIT
// Forms from a list of fields. A field: { name: 'location/lng', label, type, hint, required, options, value, wide, min, max, step,
// pointer }. Values come out nested by the slashes of the names; what was left empty is left out. Errors of an answer stand
// beside the field their pointer names, others on top.

import { h, fill, unique } from './dom.js';
import { t } from './i18n.js';
import { Problem } from './api.js';
import { fromLocal } from './time.js';

function control(field, id) {
  const common = { id, name: field.name, required: field.required, 'aria-describedby': `${id}-hint ${id}-wrong`, autocomplete: field.autocomplete ?? 'off', onchange: field.onchange, oninput: field.oninput };
  const value = field.value ?? '';
  if (field.type === 'select') {
    return h('select', common, field.options.map(([key, text]) => h('option', { value: key, selected: String(value) === String(key) }, text)));
  }
  if (field.type === 'textarea' || field.type === 'json') {
    const text = field.type === 'json' && typeof value !== 'string' ? JSON.stringify(value, null, 2) : value;
    return h('textarea', { ...common, value: text, class: field.type === 'json' ? 'code' : '', rows: field.rows ?? 3, maxlength: field.max, spellcheck: field.type === 'json' ? 'false' : null });
  }
  if (field.type === 'check') return h('input', { ...common, type: 'checkbox', checked: Boolean(field.value) });
  const numeric = field.type === 'number';
  return h('input', { ...common, value, type: field.type ?? 'text', min: field.min, max: numeric || field.type?.startsWith('date') ? field.max : null,
    step: field.step, maxlength: numeric ? null : field.max, inputmode: numeric ? 'decimal' : null, placeholder: field.placeholder, list: field.list,
    accept: field.accept });
}

function read(field, input) {
  if (field.type === 'check') return input.checked;
  if (field.type === 'file') return input.files[0];
  const text = input.value.trim();
  if (text === '') return undefined;
  if (field.type === 'number') return Number(text);
  if (field.type === 'datetime-local') return fromLocal(text);
  if (field.type !== 'json') return text;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Problem(422, { type: '/problems/invalid', errors: [{ pointer: `/${field.name}`, detail: t(`不是 JSON：${error.message}`, `no JSON: ${error.message}`) }] });
  }
}

function place(values, name, value) {
  const parts = name.split('/');
  const end = parts.pop();
  const into = parts.reduce((at, part) => (at[part] ??= {}), values);
  into[end] = value;
}

function draw(field, rows) {
  const id = unique('f');
  const input = control(field, id);
  const wrong = h('p', { class: 'wrong', id: `${id}-wrong` });
  const label = h('label', { for: id }, field.label, field.required ? null : field.optional ? h('small', null, ` ${t('可不填', 'optional')}`) : null);
  const hint = h('p', { class: 'hint', id: `${id}-hint` }, field.hint);
  hint.hidden = !field.hint;
  rows.push({ field, input, wrong });
  const parts = field.type === 'check' ? [input, label] : [label, input];
  return h('div', { class: `field ${field.type === 'check' ? 'check' : ''} ${field.wide ? 'wide' : ''}` }, parts, hint, wrong);
}

function drawGroup({ legend, fields, before, after, cls, fold }, rows) {
  const list = h('div', { class: `fields ${cls ?? ''}` }, fields.map((one) => draw(one, rows)));
  if (fold) return h('details', { open: fields.some((one) => one.value) }, h('summary', null, legend), before, list, after);
  return legend ? h('fieldset', null, h('legend', null, legend), before, list, after) : [before, list, after];
}

const pointerOf = (field) => field.pointer ?? `/${field.name}`;

function mark(rows, summary, problem) {
  rows.forEach(({ input, wrong }) => {
    wrong.textContent = '';
    input.removeAttribute('aria-invalid');
  });
  fill(summary);
  if (!problem) return;
  const rest = [];
  let first = null;
  problem.errors.forEach(({ at, text }) => {
    const row = rows.filter((one) => at === pointerOf(one.field) || at.startsWith(`${pointerOf(one.field)}/`))
      .sort((a, b) => pointerOf(b.field).length - pointerOf(a.field).length)[0] ?? (at ? rows.find((one) => pointerOf(one.field).startsWith(`${at}/`)) : null);
    if (!row) {
      rest.push(at ? `${at}: ${text}` : text);
      return;
    }
    const deeper = at.startsWith(pointerOf(row.field)) ? at.slice(pointerOf(row.field).length) : '';
    row.wrong.textContent = deeper ? `${deeper}: ${text}` : text;
    row.input.setAttribute('aria-invalid', 'true');
    row.input.closest('details')?.setAttribute('open', '');
    first ??= row.input;
  });
  const words = problem.errors.length ? rest : [problem.detail || problem.title];
  if (words.length) fill(summary, problem.kind === 'not-authenticated' ? null : h('p', null, h('b', null, problem.title)), words.filter((one) => one !== problem.title).map((one) => h('p', null, one)));
  else fill(summary, t('请改正标出的内容。', 'Please mend what is marked.'));
  (first ?? summary).focus();
}

// options: { fields | groups: [{ legend, fields, before, after, cls, fold: closed at first }], submit, danger, cancel, work(values) }. The node has values() and fail(problem).
export function form(options) {
  const rows = [];
  const summary = h('div', { class: 'form-wrong', role: 'alert', tabindex: '-1' });
  const submit = h('button', { type: 'submit', class: options.danger ? 'main danger' : 'main' }, options.submit ?? t('保存', 'Save'));
  const groups = options.groups ?? [{ fields: options.fields }];
  const node = h('form', { novalidate: true }, groups.map((one) => drawGroup(one, rows)),
  summary, options.work ? h('div', { class: 'row end' }, options.more,
    options.cancel ? h('button', { type: 'button', onclick: options.cancel }, t('取消', 'Cancel')) : null, submit) : null);

  node.values = () => {
    const values = {};
    rows.forEach(({ field, input }) => {
      const value = read(field, input);
      if (value !== undefined) place(values, field.name, value);
    });
    return values;
  };
  node.fail = (problem) => mark(rows, summary, problem);
  node.field = (name) => rows.find((one) => one.field.name === name)?.input;
  node.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (submit.getAttribute('aria-disabled') === 'true') return;
    const lacking = rows.filter(({ field, input }) => field.required && (field.type === 'file' ? !input.files.length : !input.value.trim()));
    mark(rows, summary, null);
    submit.setAttribute('aria-disabled', 'true');
    try {
      if (lacking.length) throw new Problem(422, { type: '/problems/invalid', errors: lacking.map((one) => ({ pointer: pointerOf(one.field), detail: t('必须填写', 'missing') })) });
      await options.work(node.values());
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      node.fail(error);
    } finally {
      submit.removeAttribute('aria-disabled');
    }
  });
  return node;
}
