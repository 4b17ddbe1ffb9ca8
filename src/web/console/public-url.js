// SPDX-License-Identifier: MIT
// Where operators and their systems find parkd: as it is configured, or as it listens, with this host's name where it listens on all.

import { get } from '../office/api.js';

export function urlOf(status) {
  const given = status.http.url;
  if (!given) return location.origin;
  const url = new URL(given.includes('://') ? given : `https://${given}`);
  if (['0.0.0.0', '[::]'].includes(url.hostname)) url.hostname = location.hostname;
  return url.href.replace(/\/$/, '');
}

export const publicUrl = async () => urlOf(await get('/v1/admin/status'));
