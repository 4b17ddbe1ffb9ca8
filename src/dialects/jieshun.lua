-- SPDX-License-Identifier: MIT
-- Jieshun 捷顺 JSAIMS cloud, remaining places of many parks in one call, polled: one feed for all parks of an account.
--
-- url     http://www.jslife.com.cn
-- lot     parkCode, the lot's foreign_id
-- Source: public client code in Java and Node.js (2017). Confidence: login, call and signing found, the signature computed against our
-- own vector; how a worn-out token is refused is not documented, so any refusal of an old token leads to one new login.
-- The answer may be JSON inside a JSON string.

local function form(url_text, fields)
  return {
    method = "POST",
    url = url_text,
    headers = { ["Content-Type"] = "application/x-www-form-urlencoded" },
    body = url.form(fields),
  }
end

local function login(ctx)
  local p = ctx.params
  ctx.state.asked = "login"
  return form(url.join(ctx.url, "/jsaims/login"), { { "cid", p.cid }, { "usr", p.usr }, { "psw", p.psw } })
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
  local p = json.encode(json.ordered(
    "serviceId", "3c.park.queryparkspace",
    "requestType", "DATA",
    "attributes", { parkCodes = codes(ctx) }
  ))
  local sn = hex.encode(hash.md5(p .. ctx.params.sign_key)):upper()
  ctx.state.asked = "query"
  return form(url.join(ctx.url, "/jsaims/as"), {
    { "cid", ctx.params.cid }, { "v", "2" }, { "tn", ctx.state.token }, { "sn", sn }, { "p", p },
  })
end

local function read(body)
  local answer = json.decode(body)
  if type(answer) == "string" then
    answer = json.decode(answer)
  end
  if type(answer) ~= "table" then
    error { code = "protocol", message = "the answer is no object" }
  end
  return answer, tostring(answer.resultCode) == "0"
end

local function poll(ctx)
  ctx.state.fresh = false
  return ctx.state.token and query(ctx) or login(ctx)
end

local function decode(ctx, response)
  local answer, good = read(response.body)
  if not good then
    local may_login = ctx.state.asked == "query" and not ctx.state.fresh
    ctx.state.token = nil
    if may_login then
      return {}, login(ctx)
    end
    error { code = "refused", message = tostring(answer.resultCode or "no resultCode") .. ": " .. tostring(answer.message or "no message") }
  end
  if ctx.state.asked == "login" then
    if type(answer.token) ~= "string" then
      error { code = "protocol", message = "login without a token" }
    end
    ctx.state.token, ctx.state.fresh = answer.token, true
    return {}, query(ctx)
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
  interface = "1.0",
  params = { cid = "string", usr = "string", psw = "secret", sign_key = "secret" },
  poll = poll,
  decode = decode,
}
