// SPDX-License-Identifier: MIT
// Makes elements. Text goes in as text only, so nothing that an operator typed can become markup.

const SVG = 'http://www.w3.org/2000/svg';

function put(node, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
  else if (name in node && (name === 'value' || name === 'checked' || name === 'selected')) node[name] = value;
  else node.setAttribute(name, value === true ? '' : value);
}

function add(node, child) {
  if (child === null || child === undefined || child === false) return;
  if (Array.isArray(child)) child.forEach((one) => add(node, one));
  else node.append(child);
}

// h('p', { class: 'soft', onclick: f }, 'text', [nodes], null)
export function h(tag, attributes, ...children) {
  const node = document.createElement(tag);
  Object.entries(attributes ?? {}).forEach(([name, value]) => put(node, name, value));
  add(node, children);
  return node;
}

export function s(tag, attributes, ...children) {
  const node = document.createElementNS(SVG, tag);
  Object.entries(attributes ?? {}).forEach(([name, value]) => node.setAttribute(name, value));
  add(node, children);
  return node;
}

export function fill(node, ...children) {
  node.replaceChildren();
  add(node, children);
  return node;
}

let last = 0;
export const unique = (word = 'id') => `${word}-${++last}`;

// A button that is busy while its work goes on, so that nothing is sent twice.
export function button(text, work, cls = '') {
  const node = h('button', { type: 'button', class: cls }, text);
  node.addEventListener('click', async () => {
    if (node.getAttribute('aria-disabled') === 'true') return;
    node.setAttribute('aria-disabled', 'true');
    try {
      await work(node);
    } finally {
      node.removeAttribute('aria-disabled');
    }
  });
  return node;
}

// A short message that screen readers hear and everybody sees for a while.
export function say(text) {
  const box = document.getElementById('toasts');
  const toast = h('p', { class: 'toast' }, text);
  box.replaceChildren(toast);
  setTimeout(() => toast.remove(), 6000);
}

export const empty = (text) => h('p', { class: 'empty' }, text);
export const tag = (text, tone = '') => h('span', { class: `tag ${tone}` }, text);

// [[word, value], …] as a list of facts; what is not there is left out.
export function facts(pairs) {
  return h('dl', { class: 'facts' }, pairs.filter(([, value]) => value !== null && value !== undefined && value !== '')
    .map(([word, value]) => h('div', null, h('dt', null, word), h('dd', null, value))));
}

export function panel(title, ...children) {
  const head = Array.isArray(title) ? title : [title];
  const id = unique('panel');
  return h('section', { class: 'panel', 'aria-labelledby': id },
    h('header', null, h('h2', { id }, head[0]), head.slice(1)), children);
}
