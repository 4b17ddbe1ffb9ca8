-- SPDX-License-Identifier: MIT
-- Jieshun 捷顺 JSAIMS cloud (V1), remaining places of many parks in one call, polled: one feed for all parks of an account.
--
-- url     http://www.jslife.com.cn
-- lot     parkCode, the lot's foreign_id
-- params  cid, usr, psw of the account; sign_key: older accounts have none, then sn covers p alone
-- Source: public client code in Java and Node.js (2017). Confidence: log-in, call and signing found, the signature computed against our
-- own vector; how a worn-out token is refused is not documented, so any refusal of an old token leads to one new log-in. The answer may
-- be JSON inside a JSON string. A local JieLink+ box speaks none of this: it pushes, see README.md.

local function log_in(ctx)
  local p = ctx.params
  return lib.form_post(url.join(ctx.url, "/jsaims/login"), { { "cid", p.cid }, { "usr", p.usr }, { "psw", p.psw } })
end

local function codes(ctx)
  local list = {}
  for i, lot in ipairs(ctx.lots) do
    list[i] = lot.foreign
  end
  if #list == 0 then
    error { code = "missing", message = "no lot is registered for this feed" }
  end
  return table.concat(list, ",")
end

-- sn covers the exact bytes of p, so p keeps the order of the vendor's own clients.
local function query(ctx)
  local p = json.encode(json.ordered("serviceId", "3c.park.queryparkspace", "requestType", "DATA",
    "attributes", { parkCodes = codes(ctx) }))
  return lib.form_post(url.join(ctx.url, "/jsaims/as"), { { "cid", ctx.params.cid }, { "v", "2" }, { "tn", ctx.state.token },
    { "sn", lib.MD5(p .. (ctx.params.sign_key or "")) }, { "p", p } })
end

local function poll(ctx)
  return lib.poll_by_token(ctx, log_in, query)
end

local function token_of(answer)
  return type(answer.token) == "string" and answer.token
end

local function decode(ctx, response)
  local answer, request = lib.answered_by_token(ctx, response, "0", log_in, query, token_of)
  if not answer then
    return {}, request
  end
  local reports = {}
  for i, item in ipairs(answer.dataItems or {}) do
    local a = item.attributes or {}
    reports[i] = { lot = a.parkCode, free = a.restSpace, total = a.totalSpace, at = "/dataItems/" .. i - 1 .. "/attributes" }
  end
  return reports
end

return {
  name = "jieshun",
  interface = "1.2",
  params = { cid = "string", usr = "string", psw = "secret", sign_key = "secret?" },
  any_status = true,
  poll = poll,
  decode = decode,
}
