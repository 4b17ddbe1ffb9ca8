-- SPDX-License-Identifier: MIT
-- Hikvision 海康威视 iSecure Center, remaining places through its Artemis gateway, polled: one feed for all parks of a box.
--
-- url     https://‹box›, mostly with a certificate of its own: the feed's tls decides
-- lot     parkSyscode
-- Source: field names from public client code; counts are texts in some clients and numbers in others. Confidence: fields found;
-- path and signing from general knowledge of Artemis, the signing computed against our own vector. The meaning of "permanent" places
-- differs from site to site: exclude_permanent is only right where permit holders have places of their own.

local PATH = "/artemis/api/pms/v1/park/remainSpaceNum"

local function signature(params, now)
  local lines = {
    "POST",
    "*/*",
    "application/json",
    "x-ca-key:" .. params.app_key,
    "x-ca-timestamp:" .. now,
    PATH,
  }
  return base64.encode(hmac.sha256(params.app_secret, table.concat(lines, "\n")))
end

local function poll(ctx)
  local p = ctx.params
  return {
    method = "POST",
    url = url.join(ctx.url, PATH),
    headers = {
      Accept = "*/*",
      ["Content-Type"] = "application/json",
      ["X-Ca-Key"] = p.app_key,
      ["X-Ca-Timestamp"] = ctx.now,
      ["X-Ca-Signature-Headers"] = "x-ca-key,x-ca-timestamp",
      ["X-Ca-Signature"] = signature(p, ctx.now),
    },
    body = json.encode { parkSyscode = p.park_syscode },
  }
end

-- a − b; nil if a is not said, false if one of the two is no count.
local function minus(a, b)
  a, b = count(a), count(b)
  if a == nil then
    return nil
  end
  return a and b ~= false and a - (b or 0)
end

local function report(park, exclude_permanent, at)
  local r = {
    lot = park.parkSyscode,
    free = park.leftPlace,
    total = park.totalPlace,
    classes = {
      permit = { free = park.leftPermPlace, total = park.totalPermPlace },
      bookable = { free = park.leftReservePlace, total = park.totalReservePlace },
    },
    at = at,
  }
  if exclude_permanent then
    r.free = minus(park.leftPlace, park.leftPermPlace)
    r.open = minus(park.totalPlace, park.totalPermPlace)
  end
  return r
end

local function decode(ctx, response)
  local answer = json.decode(response.body)
  if tostring(answer.code) ~= "0" then
    error { code = "refused", message = tostring(answer.code or "no code") .. ": " .. tostring(answer.msg or "no msg") }
  end
  if type(answer.data) ~= "table" then
    error { code = "protocol", message = "no data in the answer" }
  end
  local reports = {}
  for i, park in ipairs(answer.data) do
    reports[i] = report(park, ctx.params.exclude_permanent, "/data/" .. i - 1)
  end
  return reports
end

return {
  name = "hikvision",
  interface = "1.0",
  params = {
    app_key = "string",
    app_secret = "secret",
    park_syscode = "string?",
    exclude_permanent = "boolean?",
  },
  poll = poll,
  decode = decode,
}
