// SPDX-License-Identifier: MIT
// The operator's car parks, and for each what it has to do next.

import { h, panel, tag } from '../office/dom.js';
import { t } from '../office/i18n.js';
import { get, id } from '../office/api.js';
import { table } from '../office/table.js';
import { lotColumns } from '../office/lot-table.js';
import { refresh } from '../office/router.js';

export const PEOPLE = 'people';

// [words, tone] of what comes next.
export function nextStep(lot) {
  const people = lot.feed === PEOPLE;
  if (lot.state === 'connected' && (!lot.reading?.observed_at || lot.reading.freshness === 'offline')) return [people ? t('没有数据，请值守员上报', 'no data: ask the attendants') : t('没有数据，请检查来源', 'no data: look at its feed'), 'bad'];
  if (lot.state === 'connected') return [t('已接入', 'connected'), 'good'];
  if (lot.state === 'testing') return lot.acceptance?.state === 'passed' ? [t('等待主管部门审批', 'the office decides'), 'mild'] : [t('联调进行中', 'its test is running'), 'blue'];
  if (lot.state === 'suspended') return [t('已暂停，请与主管部门联系', 'suspended: ask the office'), 'bad'];
  if (lot.state === 'retired') return [t('已停用', 'retired'), ''];
  if (!lot.feed) return [t('请接上数据：系统或值守员', 'connect its system, or name attendants'), 'warn'];
  if (!lot.reading?.observed_at) return [people ? t('等值守员第一次上报', 'waits for the attendants’ first report') : t('还没有数据，请检查来源', 'no data yet: look at its feed'), 'warn'];
  return [t('可以提交联调', 'ready to be handed in'), 'mild'];
}

export async function lots(args, page) {
  const { lots: all } = await get('/v1/operator/lots');
  const columns = lotColumns((l) => `#/lots/${id(l.id)}`);
  columns.push({ label: t('下一步', 'Next'), show: (l) => tag(...nextStep(l)) });
  const connected = all.filter((l) => l.state === 'connected').length;
  page.every(15000, refresh);
  return {
    title: t('我的车场', 'My car parks'),
    lead: t(`已接入 ${connected} / ${all.length}`, `${connected} of ${all.length} connected`),
    actions: [all.some((l) => l.feed === PEOPLE) ? h('a', { class: 'button', href: '#/upload' }, t('用表格上报', 'Upload counts')) : null, h('a', { class: 'button main', href: '#/register' }, t('登记车场', 'Register a car park'))],
    body: all.length ? panel(t('全部', 'All'), table({ caption: t('我的车场', 'My car parks'), rows: all, columns }))
      : panel(t('怎样接入', 'How to begin'), h('ol', { class: 'steps' }, [
        t('登记车场：名称、位置、泊位数。', 'Register the car park: name, place, number of places.'),
        t('接上数据：选停车系统的厂家并试一试；没有系统的，给值守员发一个手机链接。', 'Connect its data: choose the system’s vendor and try it; without a system, give attendants a link for their phones.'),
        t('提交联调：自动检查数据是否准时、合理。', 'Hand it in: a test looks by itself whether the data is regular and plausible.'),
        t('主管部门审批后，空位就会公布。', 'Once the office agrees, its free places are published.')].map((one) => h('li', null, h('div', null, one))))),
  };
}
