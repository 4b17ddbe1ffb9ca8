-- SPDX-License-Identifier: MIT
-- tdznyun's parking cloud, polled or pushed over HTTP (V11), or over MQTT (V12): a lot's remaining places.
--
-- url     polled: the whole address of the platform's interface, as it was given to you
-- feed    mode push; a path of its own, or /v1/ingest/‹feed›; mode mqtt: the topics of the lots (pts-…), the broker lets in
-- lot     parkCode (TEST/1P1); a poll asks lot by lot, at most nine
-- params  pid, key (polled, pushed)
-- Source: the vendor's public documents (tdznyun-api, mqtt). Confidence: queryParkInfo, enterNotify, leaveNotify, their answers and the
-- signature found, computed against the published example; its keys with blanks at their ends are read. Over MQTT: manage.parkleft,
-- sync.park.online.status (every 30 s: a sign of life) and the entries' remainParkNum found; names of other messages are not known, so
-- whatever carries a count is read; what a lot sends late (bcbz 0) is not.
-- Inferred: where bizContent was sent with blanks, its sorted compact text may have been signed; a repeated record is answered 405, as the
-- platform does, and a client takes that as done. MQTT messages have neither signature nor time. There is no sink: the platform takes
-- counts only within the record of a car with its plate. Plates, pictures and payments are dropped; entries and exits are hints.

local WAYS = { enterNotify = { "in", "enterTime" }, leaveNotify = { "out", "leaveTime" } }

local function sign(fields, key)
  return lib.MD5(lib.sorted(fields, { sign = true }) .. "&key=" .. key)
end

-- ---- polled

local function ask(ctx, lot)
  local content = json.encode { parkCode = lot }
  local fields = { pid = lib.need(ctx, "pid"), serviceName = "queryParkInfo", timestamp = tostring(ctx.now // 1000), bizContent = content }
  fields.sign, fields.bizContent = sign(fields, lib.need(ctx, "key")), json.decode(content)
  return lib.json_post(ctx.url, fields)
end

local function read(lot, response)
  local data = lib.data(lib.answered(response, "200"))
  return { lot = lot, free = data.remainParkNum, total = data.totalParkNum, at = "/data" }
end

-- ---- over MQTT

local function heard(inbound)
  local message = lib.arrived(inbound)
  local item = lib.object(message.dataItems or {})[1] or {}
  local free, late = item.parkLeft, tostring(item.bcbz) == "0"
  if free == nil then
    free = item.remainParkNum
  end
  if message.serviceId == "sync.park.online.status" then
    return count(message.code) == 1 and { { lot = message.parkCode, beat = true } } or {}
  end
  return free ~= nil and not late and { { lot = message.parkCode, free = free, total = item.totalParkNum, at = "/dataItems/0" } } or {}
end

-- ---- pushed

local function answer(code, words)
  return lib.reply { code = tostring(code), msg = words }
end

-- bizContent, once the signature is right: over its text as sent, or as the sender had it before he wrote it for the wire.
local function opened(ctx, inbound)
  local message, key = lib.arrived(inbound, answer(400, "参数错误")), lib.need(ctx, "key")
  local good, content = pcall(lib.object, message.bizContent)
  content = good and content or lib.refuse("protocol", "no bizContent", answer(400, "参数错误"))
  local written, given = lib.written(inbound.body, message), tostring(message.sign):upper()
  local right = given == sign(written, key)
  written.bizContent = json.encode(content)
  if message.pid ~= lib.need(ctx, "pid") or not right and given ~= sign(written, key) then
    lib.refuse("auth", "another pid, or a wrong signature", answer(401, "签名错误"))
  end
  return content, message.serviceName, given
end

local function receive(ctx, inbound)
  if inbound.method == "MQTT" and not ctx.unguarded then
    return heard(inbound)
  end
  local content, service, mark = opened(ctx, inbound)
  local lot, way, reports = content.parkCode, WAYS[service], {}
  local fresh = lib.novelty(ctx, tostring(lot) .. tostring(service), way and content.recordNo or mark)
  local moment = way and time.parse(content[way[2]], lib.TIME) or nil
  if fresh == "new" and way then
    reports[1] = { lot = lot, [way[1]] = 1, time = moment, at = "/bizContent" }
  end
  if fresh and content.remainParkNum ~= nil then
    reports[#reports + 1] = { lot = lot, free = content.remainParkNum, total = content.totalParkNum, time = moment, at = "/bizContent" }
  end
  return reports, fresh and answer(200, "成功") or answer(405, "重复请求")
end

local poll, decode = lib.by_turns(ask, read)

return {
  name = "tdznyun",
  interface = "1.2",
  params = { pid = "string?", key = "secret?" },
  any_status = true,
  poll = poll,
  decode = decode,
  receive = receive,
}
