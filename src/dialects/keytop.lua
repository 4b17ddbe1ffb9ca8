-- SPDX-License-Identifier: MIT
-- Keytop 科拓 open platform, free places of one park (call 2.6.2), polled: one feed a park.
--
-- url     https://kp-open.keytop.cn
-- lot     the platform's parkId, as parameter and as the lot's foreign_id
-- Source: public client code in Java and Kotlin. Confidence: path, envelope and signing found and tried by computation; serviceCode
-- and the spelling freeSpaceNum inferred (the one public class spells it parfreeSpaceNumkId, so both are read).

local PATH = "/unite-api/api/wec/GetFreeSpaceNum"

-- Upper-case MD5 over the sorted fields and the secret. appId takes no part, nor do empty fields.
local function sign(fields, secret)
  local signed = {}
  for name, value in pairs(fields) do
    if name ~= "appId" and name ~= "key" then
      signed[name] = value
    end
  end
  return hex.encode(hash.md5(text.sorted(signed) .. "&" .. secret)):upper()
end

local function poll(ctx)
  local p = ctx.params
  local body = {
    appId = p.app_id,
    parkId = p.park_id,
    serviceCode = "getFreeSpaceNum",
    ts = ctx.now,
    reqId = ctx.nonce,
  }
  body.key = sign(body, p.app_secret)
  return {
    method = "POST",
    url = url.join(ctx.url, PATH),
    headers = { ["Content-Type"] = "application/json", version = "1.0.0" },
    body = json.encode(body),
  }
end

local function decode(ctx, response)
  local answer = json.decode(response.body)
  local code = answer.code or answer.resCode
  if tostring(code) ~= "0" then
    error { code = "refused", message = tostring(code or "no code") .. ": " .. tostring(answer.message or answer.resMsg or "no message") }
  end
  local data = answer.data
  if type(data) == "string" then -- JSON in a JSON string
    data = json.decode(data)
  end
  if type(data) ~= "table" then
    error { code = "protocol", message = "no data in the answer" }
  end
  local free = data.freeSpaceNum
  if free == nil then
    free = data.parfreeSpaceNumkId
  end
  return { { lot = data.parkId or ctx.params.park_id, free = free, total = data.totalNum, at = "/data" } }
end

return {
  name = "keytop",
  interface = "1.0",
  params = { app_id = "string", app_secret = "secret", park_id = "string" },
  poll = poll,
  decode = decode,
}
