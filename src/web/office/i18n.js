// SPDX-License-Identifier: MIT
// Two languages, side by side where they are used: t('保存', 'Save'). Chinese unless somebody chose otherwise.

const KEY = 'parkd-language';

function stored() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null; // storage is switched off
  }
}

const asked = new URLSearchParams(location.search).get('lang');
let language = (asked ?? stored()) === 'en' ? 'en' : 'zh';

export const english = () => language === 'en';
export const t = (zh, en) => (language === 'en' ? en : zh);
// English only: 1 car park, 2 car parks.
export const plural = (n, word, more = `${word}s`) => `${n} ${n === 1 ? word : more}`;
// Of an answer's {"zh","en"}, or of a text.
export const said = (both) => (both && typeof both === 'object' ? both[language] ?? both.zh ?? both.en ?? '' : both ?? '');

export function mark() {
  document.documentElement.lang = language === 'en' ? 'en' : 'zh-CN';
}

export function choose(next) {
  language = next;
  try {
    localStorage.setItem(KEY, next);
  } catch { /* this visit only, then */ }
  mark();
}
