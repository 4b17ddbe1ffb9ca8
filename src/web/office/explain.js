// SPDX-License-Identifier: MIT
// parkd's own words for what went wrong, in plain Chinese. In English they stand as they are; what is not known here too,
// because half a translation helps nobody.

import { english, t } from './i18n.js';

const said = [
  [/^(missing|must not be empty)$/i, () => '必须填写'],
  [/^must be an object/, () => '应为 JSON 对象'],
  [/account or password is wrong/, () => '账号或密码不对'],
  [/too many tries; wait (\d+) s/, (m) => `尝试次数太多，请等 ${m[1]} 秒`],
  [/the link is wrong, was used, or is older/, () => '链接不对、已用过，或已超过一天；请重新索取'],
  [/at least (\d+) characters/, (m) => `至少 ${m[1]} 个字符`],
  [/at most (\d+) (bytes|characters)/, (m) => `最多 ${m[1]} ${m[2] === 'bytes' ? '字节' : '个字符'}`],
  [/longer than (\d+) bytes/, (m) => `太长，最多 ${m[1]} 字节`],
  [/must be an integer|must be a whole number/, () => '应为整数'],
  [/must be a number/, () => '应为数字'],
  [/must (?:be|lie) (?:from|between)? ?(-?[\d.]+)(?: to | and |…|\.\.)(-?[\d.]+)/, (m) => `应在 ${m[1]} 到 ${m[2]} 之间`],
  [/must be a date like/, () => '应为日期，例如 2026-11-23'],
  [/must be a time like/, () => '应为时间'],
  [/must be a time to come/, () => '应为将来的时间'],
  [/must lie within the next (\d+) days/, (m) => `应在今后 ${m[1]} 天之内`],
  [/must lie within the last seven days/, () => '应在最近七天之内'],
  [/must not lie more than (\d+) days back/, (m) => `不能早于 ${m[1]} 天前`],
  [/must lie after "from"/, () => '应晚于开始时间，最多 7 天'],
  [/a window is announced before it begins/, () => '维护应在开始前申报；事后请对记录提出申诉'],
  [/the lot reports no number now/, () => '该车场现在没有数据，无法更正'],
  [/had reported no number in the half hour/, () => '那一刻之前的半小时内没有上报数据，无法比较'],
  [/must be a day that is over/, () => '应为已经过去的日期'],
  [/already decided|is decided already/, () => '已经处理过了'],
  [/a step needs its reason/, () => '请写明原因'],
  [/no step leads from (\w+) to (\w+)/, () => '不能这样变更状态'],
  [/register the lot first/, () => '请先登记车场，才能联调或接入'],
  [/another version is stored|changed meanwhile/i, () => '别人刚刚改过，请刷新后再改'],
  [/does not let you|may not do this|your account may not/, () => '您的账号没有这个权限'],
  [/nothing is (registered|stored) under this id/, () => '没有登记过这个编码'],
  [/the ledger has no such car park/, () => '台账里没有这个停车场'],
  [/must hold numbers from 0 to 1/, () => '应为 0 到 100 的百分数'],
  [/no account has this id/, () => '没有这个账号'],
  [/no (lot|feed) of yours has this id/, (m) => (m[1] === 'lot' ? '没有这个车场' : '没有这个来源')],
  [/no lot has this id/, () => '没有这个车场'],
  [/cannot be reached/, () => '暂时连不上'],
  [/must be the id in the path/, () => '编码与地址中的不一致'],
  [/unknown member|unknown key|is not known/i, () => '有不认识的字段'],
  [/this sink holds nothing of this lot/, () => '这个平台没有拒收该车场的数据'],
  [/sign in/i, () => '请登录'],
  [/is a mask; give the secret itself/, () => '“***” 只是遮盖；请填写密钥本身'],
  [/lots still hang on this feed/, () => '还有车场在用这个来源，请先给它们换一个'],
  [/acceptance test has not passed; wait/, () => '联调还没有通过；请等待，或勾选“联调未通过也接入”并写明原因'],
  [/before the test has passed needs its reason/, () => '联调未通过就接入，须写明原因'],
  [/a waiver needs its reason/, () => '豁免须写明原因'],
  [/more places are open \((\d+)\) than there are \((\d+)\)/, (m) => `开放泊位（${m[1]}）多于总泊位（${m[2]}）`],
  [/must be a day of the calendar/, () => '应为日历上的日期，例如 2026-12-31'],
  [/is not an account's id/, () => '不是账号'],
  [/not polled: it pushes, is switched off/, () => '不能查询：它由对方推送、已停用，或由另一台服务器查询'],
  [/is the feed of attendants/, () => '这是值守员专用的来源'],
  [/^must be 1 to 32 letters, digits/, () => '应为 1 到 32 个字母、数字、. _ -'],
  // reasons that parkd itself gives for a step
  [/^imported from the office's spreadsheet$/, () => '由台账表格导入'],
  [/^the lot's registration says so$/, () => '按车场登记'],
  [/^its registration was removed$/, () => '登记已删除'],
  [/^registered by its operator$/, () => '经营单位登记'],
  [/^handed in for the acceptance test$/, () => '提交联调'],
  [/^withdrawn by its operator$/, () => '经营单位撤回'],
  [/^the acceptance test has passed$/, () => '联调通过'],
  [/^surveyed$/, () => '普查'],
];

// What a feed's or a platform's failure means, and what to do: [pattern, zh, en]
const failures = [
  [/refused|failed to connect|couldn't connect/i, '对方电脑拒绝连接：程序没有运行，或端口不对。请让厂家检查服务和端口。', 'The other computer refuses: its program is not running, or the port is wrong. Ask the vendor to check both.'],
  [/timed? ?out|timeout/i, '对方太久没有回答：网络慢，或设备卡住了。请检查停车场的网络和设备。', 'No answer in time: a slow network, or the box hangs. Check the network and the box at the lot.'],
  [/resolve|name or service|dns/i, '域名找不到：地址写错了，或 DNS 有问题。请核对地址。', 'The name is not found: a wrong address, or DNS is down. Check the address.'],
  [/certificate|ssl|tls/i, '对方的证书有问题（过期或自签名）。请厂家更换，或在接口里登记其证书。', 'The certificate is not accepted (run out, or self-signed). Ask the vendor to renew it, or register its CA.'],
  [/\b401\b|\b403\b|unauthori|signature|sign\b|secret|key/i, '对方不认密钥或签名。请核对参数里的账号和密钥。', 'The key or the signature is not accepted. Check the account and the secret among the parameters.'],
  [/\b404\b/, '对方没有这个地址。请核对接口路径。', 'The address does not exist there. Check the path.'],
  [/\b429\b|too many/i, '对方嫌太频繁。请把间隔调大。', 'Asked too often. Make the interval longer.'],
  [/\b5\d\d\b/, '对方的服务器出错了。请联系厂家。', 'The other server failed. Call the vendor.'],
  [/unreachable|no route/i, '网络不通。请检查专线、路由或防火墙。', 'No way through the network. Check the line, the routing and the firewall.'],
  [/not json|syntax|parse|html|no lots|must be/i, '对方的回答读不懂，可能换了格式。请看原始报文，再试一次参数。', 'The answer cannot be read; perhaps its form changed. Look at the raw body and try the parameters again.'],
  [/silent|no report|nothing came/i, '很久没有推送。请检查停车场的设备是否在线。', 'Nothing has been pushed for long. Check whether the box at the lot is online.'],
];

export function explain(text) {
  if (english() || !text) return text;
  const found = said.find(([pattern]) => pattern.test(text));
  return found ? found[1](text.match(found[0])) : text;
}

export function failure(text, http) {
  const all = `${http && http >= 400 ? http : ''} ${text ?? ''}`;
  const found = failures.find(([pattern]) => pattern.test(all));
  return found ? t(found[1], found[2]) : null;
}
