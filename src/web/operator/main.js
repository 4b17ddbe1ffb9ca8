// SPDX-License-Identifier: MIT
// The operator's page: which views there are.

import { start, who } from '../office/shell.js';
import { t } from '../office/i18n.js';
import { myAccount } from '../office/sign.js';
import { lots } from './lots.js';
import { lot } from './lot.js';
import { editLot } from './lot-form.js';
import { feeds } from './feeds.js';
import { feed } from './feed.js';
import { editFeed } from './feed-form.js';
import { month } from './month.js';
import { incidents } from './incidents.js';
import { upload } from './upload.js';

start({
  title: () => t('停车场接入', 'Car park operators'),
  hint: () => t('停车场经营单位', 'For whoever runs car parks'),
  welcome: (session) => session.role === 'operator',
  elsewhere: () => t('主管部门工作人员请用 /console。', 'The office’s staff use /console.'),
  nav: () => [['', t('我的车场', 'My car parks')], ['feeds', t('数据来源', 'Feeds')], ['month', t('月考核', 'Month')], ['incidents', t('事件', 'Incidents')]],
  routes: () => [
    ['', lots], ['lots/{}', lot], ['edit/{}', editLot], ['register', editLot], ['feeds', feeds], ['feeds/{}', feed], ['connect', editFeed], ['connect/{}', editFeed],
    ['month', month], ['month/{}', month], ['incidents', incidents], ['upload', upload], ['me', () => myAccount(who())],
  ],
});
