// SPDX-License-Identifier: MIT
// Asks parkd. An answer that is no success is thrown as a Problem, which carries what RFC 9457 says.

import { t, english } from './i18n.js';
import { explain } from './explain.js';

const WAIT_MS = 30000;
let csrf = null;
let bearer = null;
let onSignedOut = () => {};
const SKEW_MS = 2000; // an answer's Date has whole seconds and took its time: less is no difference
let skewMs = 0; // the server's clock against this one's

// A moment of this computer's clock, as the server would name it: phones are often wrong.
export const serverTime = (localMs) => localMs + skewMs;
export const setCsrf = (token) => { csrf = token; };
export const setBearer = (token) => { bearer = token; };
export const whenSignedOut = (work) => { onSignedOut = work; };

const titles = {
  'bad-parameter': '参数不对', malformed: '内容读不懂', 'not-authenticated': '请登录', forbidden: '没有权限', 'not-found': '没有这个对象',
  'method-not-allowed': '不支持这样做', conflict: '现在做不到', 'changed-meanwhile': '别人刚刚改过', 'too-large': '太大了',
  invalid: '填写的内容有误', 'too-many-requests': '太频繁了', internal: '服务器出错了', 'store-away': '数据存储暂时连不上', 'not-ready': '服务器还没准备好',
};

export class Problem extends Error {
  constructor(status, body, retryS) {
    super(body?.detail ?? body?.title ?? String(status));
    this.status = status;
    this.kind = (body?.type ?? '').split('/').pop();
    this.body = body ?? {};
    this.retryS = retryS;
  }

  get title() {
    if (!this.status) return t('连不上服务器', 'The server cannot be reached');
    return english() ? this.body.title ?? `HTTP ${this.status}` : titles[this.kind] ?? this.body.title ?? `HTTP ${this.status}`;
  }

  get detail() {
    if (!this.status) return t('请检查网络，然后再试一次。', 'Check the network, then try again.');
    const wait = this.retryS ? t(`请等 ${this.retryS} 秒。`, `Wait ${this.retryS} s.`) : '';
    return [explain(this.body.detail ?? ''), wait].filter(Boolean).join(' ');
  }

  // [{ at: '/name', text }]
  get errors() {
    return (this.body.errors ?? []).map((one) => ({ at: one.pointer ?? one.at ?? (one.parameter ? `/${one.parameter}` : ''), text: explain(one.detail ?? '') }));
  }
}

async function read(answer) {
  const type = answer.headers.get('content-type') ?? '';
  if (answer.status === 204) return null;
  if (/[/+]json/.test(type)) return answer.json();
  return answer.text();
}

async function send(method, path, body, more) {
  const headers = { Accept: 'application/json', ...more.headers };
  if (bearer) headers.Authorization = `Bearer ${bearer}`;
  if (csrf && method !== 'GET') headers['X-CSRF-Token'] = csrf;
  const asIs = body instanceof Blob || body === undefined;
  if (!asIs) headers['Content-Type'] = 'application/json';
  const signal = more.signal ?? AbortSignal.timeout(more.waitMs ?? WAIT_MS);
  return fetch(path, { method, headers, body: asIs ? body : JSON.stringify(body), credentials: bearer ? 'omit' : 'same-origin', cache: 'no-store', signal });
}

// The answer's value, or { value, version } when `versioned`.
export async function ask(method, path, body, more = {}) {
  let answer;
  let value;
  try {
    answer = await send(method, path, body, more);
    const theirs = Date.parse(answer.headers.get('date') ?? '');
    const skew = theirs - Date.now();
    if (Math.abs(skew - skewMs) > SKEW_MS) skewMs = skew; // NaN: no Date
    value = await read(answer);
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Problem(0, null);
  }
  if (!answer.ok) {
    const problem = new Problem(answer.status, typeof value === 'object' ? value : null, Number(answer.headers.get('retry-after')) || 0);
    if (answer.status === 401 && !more.signing) onSignedOut();
    throw problem;
  }
  if (!more.versioned) return value;
  return { value, version: (answer.headers.get('etag') ?? '').replaceAll('"', '') };
}

export const get = (path, more) => ask('GET', path, undefined, more);
export const post = (path, body = {}, more) => ask('POST', path, body, more);
export const put = (path, body, more) => ask('PUT', path, body, more);
export const del = (path, more) => ask('DELETE', path, undefined, more);
// Nothing where there is nothing (404) or the role may not look (403): parts of a view that are not for everybody.
export async function maybe(path, otherwise = null) {
  try {
    return await get(path);
  } catch (error) {
    if (error instanceof Problem && [403, 404, 405].includes(error.status)) return otherwise;
    throw error;
  }
}

export const id = encodeURIComponent;
export const query = (values) => {
  const text = new URLSearchParams(Object.entries(values).filter(([, v]) => v !== '' && v !== null && v !== undefined)).toString();
  return text ? `?${text}` : '';
};
