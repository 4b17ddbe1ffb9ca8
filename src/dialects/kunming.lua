-- SPDX-License-Identifier: MIT
-- Kunming 昆明, both ways: a lot's existing client speaks to us as to the city, and as a sink we speak it to the city.
--
-- feed    mode push; paths /open/openPlatform/uploadRestBerth …/heartBeat …/uploadPassInfo …/uploadAccountRuleInfo
-- sink    url: the platform's base address; each lot goes in a request of its own
-- lot     parkCode; as a sink what `codes` says for it (the platform's filing code), else parkd's own id
-- Source: a public client in PHP. Confidence: paths, fields and signature found, the signature computed; of the answers only
-- rspData.code 500 for an error is known, so every other code counts as taken, and what we answer (200) is inferred. No clock rule is
-- known: `timestamp` dates what comes in, and a state is dated by its change. inSpace is open places less remaining ones, so both
-- together are the open places. No registration of lots is known: uploadAccountRuleInfo tells a lot's tariff, it is taken and dropped,
-- and not sent. Plates and payments are dropped; entries (IN_PARK) and exits (CREATE) are hints. An unknown count is not sent, and that
-- lot's heartbeat stops.

local KNOWN = { uploadRestBerth = true, heartBeat = true, uploadPassInfo = true, uploadAccountRuleInfo = true }

local function answer(code, message)
  return lib.reply(json.ordered("charset", "UTF-8", "version", "v1.0", "rspData", json.ordered("code", code, "message", message)))
end

-- fields: a list of {key, text}.
local function sign(fields, key)
  local out = {}
  table.sort(fields, function(a, b) return a.key < b.key end)
  for i, field in ipairs(fields) do
    out[i] = field.key .. "=" .. field.text .. "&"
  end
  return lib.sha256(table.concat(out) .. key)
end

-- What PHP makes of a value in a text: true is 1, false and null are nothing, numbers stay as they were written.
local function fields_of(body)
  for _, member in ipairs(lib.members(body)) do
    if member.key == "reqData" then
      local fields = lib.members(member.raw)
      for _, field in ipairs(fields) do
        local words = { ["true"] = "1", ["false"] = "", null = "" }
        field.text = words[field.raw] or field.raw:sub(1, 1) == '"' and json.decode("[" .. field.raw .. "]")[1] or field.raw
      end
      return fields
    end
  end
  return {}
end

local function report_of(what, data)
  local report = { lot = data.parkCode, time = time.parse(data.timestamp, lib.COMPACT), at = "/reqData" }
  if what == "uploadRestBerth" then
    local taken, free = count(data.inSpace), count(data.restSpace)
    report.free = data.restSpace
    report.open = taken and free and taken >= 0 and free >= 0 and taken + free or nil
  elseif what == "heartBeat" then
    report.beat = true
  elseif data.tradeStatus == "IN_PARK" then
    report["in"], report.time = 1, time.parse(data.inPassTime, lib.COMPACT)
  elseif data.tradeStatus == "CREATE" then
    report.out, report.time = 1, time.parse(data.outPassTime, lib.COMPACT)
  else
    return nil
  end
  return report
end

local function receive(ctx, inbound)
  local what = inbound.path:match("[^/]+$") or ""
  if not KNOWN[what] then
    lib.refuse("not_found", "no such path", answer(500, "接口不存在"))
  end
  local good, message = pcall(lib.decode, inbound.body)
  local data = good and type(message) == "table" and message.reqData
  if type(data) ~= "table" then
    lib.refuse("syntax", "no reqData", answer(500, "参数格式错误"))
  elseif data.tenantId ~= ctx.params.tenant_id or tostring(message.sign):lower() ~= sign(fields_of(inbound.body), ctx.params.key) then
    lib.refuse("auth", "another tenantId, or a wrong signature", answer(500, "签名错误"))
  end
  local report = report_of(what, data)
  return report and { report } or {}, answer(200, "成功")
end

local function requests(ctx, items, name, make)
  return lib.each(items, function(item)
    local data, fields = make(item), {}
    if data then
      data.parkCode, data.tenantId = item.code, ctx.params.tenant_id
      for key, value in pairs(data) do
        fields[#fields + 1] = { key = key, text = tostring(value) }
      end
      return lib.json_post(url.join(ctx.url, "/open/openPlatform/" .. name),
        json.ordered("charset", "UTF-8", "version", "v1.0", "reqData", data, "sign", sign(fields, ctx.params.key)))
    end
  end)
end

local function push(ctx, items)
  return requests(ctx, items, "uploadRestBerth", function(item)
    local _, open, free = lib.counts(item)
    return free and { inSpace = math.max(0, open - free), restSpace = free, timestamp = time.format(item.changed, lib.COMPACT) }
  end)
end

local function beat(ctx, items)
  return requests(ctx, items, "heartBeat", function(item)
    return item.current and item.free and { timestamp = time.format(ctx.now, lib.COMPACT) }
  end)
end

local function check(ctx, request, response)
  local said = lib.object(lib.decode(response.body).rspData)
  local code = count(said.code)
  if code and code ~= 500 then
    return "ok"
  end
  return "retry", tostring(said.message or "no code in rspData")
end

return {
  name = "kunming", interface = "1.2",
  params = { tenant_id = "string", key = "secret", codes = "object?" },
  receive = receive, push = push, beat = beat, check = check,
}
