// SPDX-License-Identifier: MIT
// What was pressed and is not yet acknowledged. Kept in the browser's storage, sent in order, one at a time, again and again
// until the server has it: each message has an id that counts once. What waits is drawn together: steps add up, and a number or a
// level makes what waited before it worthless. A message that was tried once is not touched any more, since it may have arrived
// though its answer did not; and none is dated before the one that was told before it, or the server would take it for known.

import { ask, serverTime, Problem } from '../office/api.js';

const FIRST_MS = 1500;
const MOST_MS = 30000;
const OLD_MS = 55 * 60000; // the server takes what is at most an hour old

const random = () => [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, '0')).join('');

export class Queue {
  // changed(): something to draw; answered(answer): what the server says now; refused(problem, message): it will never take it;
  // gone(): the link is worth nothing any more.
  constructor(key, { changed, answered, refused, gone }) {
    Object.assign(this, { key, changed, answered, refused, gone, timer: null, flying: null, failures: 0, toldMs: 0, list: [] });
    try {
      this.list = JSON.parse(localStorage.getItem(key) ?? '[]');
    } catch { /* nothing stored, or storage is switched off */ }
  }

  get waiting() { return this.list.length; }

  // The number that will stand there once all is sent; `known`: what the server says.
  ahead(known) {
    return this.list.reduce((now, one) => {
      if (one.free !== undefined) return one.free;
      if (one.band) return null;
      return now === null ? null : Math.max(0, now + one.delta);
    }, known);
  }

  lastBand() { return this.list.findLast((one) => one.band || one.free !== undefined)?.band ?? null; }

  keep() {
    try {
      localStorage.setItem(this.key, JSON.stringify(this.list));
    } catch { /* then only while the page is open */ }
    this.changed();
  }

  add(message) {
    const one = { id: random(), at: new Date().toISOString(), ...message };
    const still = this.list.filter((had) => had.id === this.flying);
    const last = this.list.at(-1);
    if (one.delta === undefined) this.list = [...still, one];
    else if (!last || last.tried || last.band) this.list.push(one);
    else this.list.splice(-1, 1, last.free !== undefined ? { ...one, delta: undefined, free: Math.max(0, last.free + one.delta) } : { ...one, delta: last.delta + one.delta });
    this.list = this.list.filter((had) => had.delta !== 0);
    this.keep();
    this.send();
  }

  drop(id) {
    this.list = this.list.filter((had) => had.id !== id);
    this.keep();
  }

  // Its moment by the server's clock.
  moment(one) { return Math.max(serverTime(Date.parse(one.at)), this.toldMs + 1); }

  async send() {
    clearTimeout(this.timer);
    const one = this.list[0];
    if (!one || this.flying) return;
    if (Date.now() - Date.parse(one.at) > OLD_MS) {
      this.drop(one.id);
      this.refused(null, one);
      this.send();
      return;
    }
    this.flying = one.id;
    one.tried = true;
    this.keep();
    let wait = 0;
    try {
      const { tried, ...message } = one;
      const toldMs = this.moment(one);
      const answer = await ask('POST', '/v1/attendant/report', { ...message, at: new Date(toldMs).toISOString() }, { waitMs: 12000, signing: true });
      this.toldMs = toldMs;
      this.failures = 0;
      this.list = this.list.filter((had) => had.id !== one.id);
      this.answered(answer);
    } catch (problem) {
      wait = this.failed(problem, one);
    }
    this.flying = null;
    if (wait < 0) return;
    this.keep();
    if (this.list.length) this.timer = setTimeout(() => this.send(), wait);
  }

  // How long to wait; -1: never again.
  failed(problem, one) {
    if (!(problem instanceof Problem)) throw problem;
    if (problem.status === 401 || problem.status === 404) {
      this.gone();
      return -1;
    }
    const later = !problem.status || problem.status >= 500 || problem.status === 429 || problem.status === 408;
    if (!later) {
      this.list = this.list.filter((had) => had.id !== one.id);
      this.refused(problem, one);
      return 0;
    }
    this.failures += 1;
    return Math.max(problem.retryS * 1000, Math.min(MOST_MS, FIRST_MS * 2 ** Math.min(this.failures - 1, 6)));
  }
}
