-- SPDX-License-Identifier: MIT
-- Hefei 合肥 停宜慧 open platform v2, both ways: a lot's existing client speaks to us as to the city; as a sink we speak it to the city.
--
-- feed    mode push; paths /os-park/ospark/open/api/v2/uploadSurplus …/uploadHeartbeat …/uploadDriveIn …/uploadDriveOut
--         …/uploadCheckRecord …/uploadImage …/uploadUID
-- sink    url: https://os.hfcsbc.com; each lot goes in a request of its own; timeout_ms 5000, as its own client
-- lot     osStoreCode, like OS2_10003_1632463801214: filed by the platform beforehand; as a sink what `codes` says, else our id
-- params  access_id; public_key: the lot's (feed); private_key: ours (sink), PKCS#8; window_s: how far a request's time_stamp may be
--         off before it counts as run out (feed; 900 if not said, which is inferred; 0: it may be any)
-- Source: the platform's published SDK. Confidence: paths, envelope, signature, fields, success 8888 and both tables of error codes found,
-- the signed text computed. The SDK has two tables that number differently, so every code but 8888 is a failure; only those that say
-- the same in either table rule out another try. Clock: uploadHeartbeat answers serverTime, and requests run out (1006, 1007).
-- Daily: uploadCheckRecord tells how many cars came and went the day before; flags 1 say that the platform counted others (uploadUID
-- would list its orders, but parkd keeps none to compare). As a way in that statement is taken and not compared. Counts carry no
-- time: the envelope's time_stamp dates them. Plates, images, orders are dropped; drive in and out are hints. No "unknown" here.

local PATH = "/os-park/ospark/open/api/v2/"
local TAKEN = { uploadSurplus = true, uploadHeartbeat = true, uploadDriveIn = true, uploadDriveOut = true, uploadCheckRecord = true,
  uploadImage = true, uploadUID = true }

local function answer(code, message, data)
  return lib.reply(json.ordered("code", code, "msg", message, "data", data or json.null, "error", code ~= 8888))
end

local function refuse(code, number, message)
  lib.refuse(code, message, answer(number, message))
end

local function signed_text(envelope)
  return table.concat { tostring(envelope.access_id), tostring(envelope.data), tostring(envelope.sign_type), tostring(envelope.time_stamp) }
end

local function open(ctx, inbound)
  local key, good, envelope = lib.need(ctx, "public_key"), pcall(lib.object, inbound.body)
  local sign = good and type(envelope.sign) == "string" and base64.decode(envelope.sign)
  if not good or type(envelope.data) ~= "string" then
    refuse("syntax", 5000, "参数格式错误")
  elseif envelope.access_id ~= ctx.params.access_id then
    refuse("auth", 1003, "access_id 无权限")
  elseif not sign or not rsa.verify("sha256", key, signed_text(envelope), sign) then
    refuse("auth", 1008, "签名错误")
  end
  local off, window = math.abs(ctx.now - (count(envelope.time_stamp) or 0)) // 1000, ctx.params.window_s or 900
  if window > 0 and off > window then
    lib.refuse("auth", "time_stamp is " .. off .. " s off", answer(1007, "请求已过期"))
  end
  local read, data = pcall(lib.object, envelope.data)
  return read and data or refuse("syntax", 5000, "参数格式错误"), envelope
end

local function receive(ctx, inbound)
  local what = inbound.path:match("[^/]+$") or ""
  if not TAKEN[what] then
    refuse("not_found", 5000, "接口不存在")
  end
  local data, envelope = open(ctx, inbound)
  local report = { lot = data.osStoreCode, at = "/data" }
  if what == "uploadSurplus" then
    report.free, report.total, report.time = data.surplus, data.total, time.parse(envelope.time_stamp, "ms")
  elseif what == "uploadHeartbeat" then
    report.beat, report.time = true, time.parse(data.uploadTime, "ms")
    return { report }, answer(8888, "成功", { serverTime = ctx.now })
  elseif what == "uploadDriveIn" then
    report["in"], report.time = 1, time.parse(data.inTime, "ms")
  elseif what == "uploadDriveOut" then
    report.out, report.time = 1, time.parse(data.outTime, "ms")
  else
    return {}, answer(8888, "成功", what == "uploadCheckRecord" and { driveInFlag = 0, driveOutFlag = 0 } or nil)
  end
  return { report }, answer(8888, "成功")
end

local function tell(ctx, items, name, make)
  local key = lib.need(ctx, "private_key")
  return lib.each(items, function(item)
    local data = make(item)
    if data then
      local envelope = { access_id = ctx.params.access_id, sign_type = "RSA2", time_stamp = ctx.now, data = base64.encode(json.encode(data)) }
      envelope.sign = base64.encode(rsa.sign("sha256", key, signed_text(envelope)))
      return lib.json_post(url.join(ctx.url, PATH .. name), envelope)
    end
  end)
end

local function push(ctx, items)
  return tell(ctx, items, "uploadSurplus", function(item)
    local total, _, free = lib.counts(item)
    return free and json.ordered("osStoreCode", item.code, "total", total, "surplus", free)
  end)
end

local function beat(ctx, items)
  return tell(ctx, items, "uploadHeartbeat", function(item)
    return item.current and item.free and json.ordered("osStoreCode", item.code, "uploadTime", ctx.now)
  end)
end

local function day(ctx, items, date)
  return tell(ctx, items, "uploadCheckRecord", function(item)
    return item.cars_in and item.cars_out and json.ordered("osStoreCode", item.code, "checkDate", date, "driveInNum", item.cars_in,
      "driveOutNum", item.cars_out)
  end)
end

local function check(_, request, response)
  local said = lib.decode(response.body)
  local verdict, words = lib.judge(said.code, 8888, said.msg, { pause = { [1003] = true, [1012] = true, [1013] = true, [2007] = true } })
  local data = type(said.data) == "table" and said.data or {}
  local unbalanced = count(data.driveInFlag) == 1 or count(data.driveOutFlag) == 1
  return { all = verdict, message = words, clock = count(data.serverTime) or nil, unbalanced = request.part == "day" and { unbalanced } or nil }
end

return {
  name = "hefei", interface = "1.2", max_batch = 16,
  params = { access_id = "string", public_key = "string?", private_key = "secret?", codes = "object?", window_s = "number?" },
  receive = receive, push = push, beat = beat, day = day, check = check,
}
