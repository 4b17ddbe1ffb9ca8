// SPDX-License-Identifier: MIT
// The office's console: which views there are.

import { start, who, may } from '../office/shell.js';
import { t } from '../office/i18n.js';
import { myAccount } from '../office/sign.js';
import { ledger } from './ledger.js';
import { entry } from './entry.js';
import { importSheet } from './import.js';
import { lots } from './lots.js';
import { lot } from './lot.js';
import { feeds } from './feeds.js';
import { feed } from './feed.js';
import { sinks } from './sinks.js';
import { quality } from './quality.js';
import { rules } from './rules.js';
import { month } from './month.js';
import { incidents } from './incidents.js';
import { accounts } from './accounts.js';
import { account } from './account.js';
import { audit } from './audit.js';

start({
  title: () => t('停车管理', 'Parking office'),
  hint: () => t('主管部门工作人员', 'For the office’s staff'),
  welcome: (session) => ['viewer', 'officer', 'admin'].includes(session.role),
  elsewhere: () => t('经营单位请用 /operator。', 'Operators use /operator.'),
  nav: () => [
    ['', t('台账', 'Ledger')], ['lots', t('车场', 'Car parks')], ['feeds', t('数据来源', 'Feeds')], ['sinks', t('上级平台', 'Platforms')],
    ['quality', t('数据质量', 'Quality')], ['month', t('月报', 'Month')], ['incidents', t('事件与通知', 'Incidents')],
    may('officer') ? ['accounts', t('账号', 'Accounts')] : null, may('admin') ? ['audit', t('操作记录', 'Audit trail')] : null,
  ],
  routes: () => [
    ['', ledger], ['ledger/{}', entry], ['import', importSheet], ['lots', lots], ['lots/{}', lot], ['feeds', feeds], ['feeds/{}', feed], ['sinks', sinks],
    ['quality', quality], ['rules', rules], ['month', month], ['month/{}', month], ['incidents', incidents], ['accounts', accounts], ['accounts/{}', account],
    ['audit', audit], ['me', () => myAccount(who())],
  ],
});
