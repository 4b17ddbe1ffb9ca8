-- SPDX-License-Identifier: MIT
-- Hangzhou 城市大脑 v2, both ways: a lot's existing client speaks to us as to the city, and as a sink we speak it to a city.
--
-- feed    mode push; paths /api/v2/cp/uploadParkingState, /api/v2/tcjg/uploadHeartbeat, …/uploadCarInData, …/uploadCarOutData
-- sink    url: the platform's base address; each lot goes in a request of its own
-- lot     parkingCode; as a sink parkd's own id, or what `codes` says for it
-- Source: public clients in PHP and Python. Confidence: paths, fields and cipher found, the cipher tried by round trip. Plates, photos,
-- payments are dropped. There is no "unknown" here: an unknown count is not sent, and the heartbeat of that lot stops. uploadTime of a
-- state is the time of its change, so that the same state is the same bytes. The lot's public_key is enough for a feed.

local TIME = "%Y-%m-%d %H:%M:%S"
local COUNTS = { uploadParkingState = true, uploadCarInData = true, uploadCarOutData = true }
local OTHERS = { uploadPhoto = true, uploadPayRecord = true, uploadParkingInfo = true, uploadMonthlyFee = true }

local function answer(code, message)
  return { content_type = "application/json", body = json.encode { resultCode = code, msg = message } }
end

local function refuse(code, number, message)
  error { code = code, message = message, reply = answer(number, message) }
end

-- Checks the signature over the Base64 text, then opens it. Some clients forget to encode the '+' of Base64 in the form.
local function open(params, body)
  local form = url.form_decode(body)
  local cipher, sign = (form.cipher or ""):gsub(" ", "+"), base64.decode((form.sign or ""):gsub(" ", "+"))
  if form.accessID ~= params.access_id or not sign or not rsa.verify("md5", params.public_key, cipher, sign) then
    refuse("auth", 401, "签名错误")
  end
  local good, data = pcall(function()
    return json.decode(rsa.public_decrypt(params.public_key, base64.decode(cipher))).data
  end)
  if not good or type(data) ~= "table" then
    refuse("syntax", 400, "数据格式错误")
  end
  return data
end

local function receive(ctx, inbound)
  local what = inbound.path:match("[^/]+$") or ""
  if not ctx.params.public_key or not (COUNTS[what] or OTHERS[what] or what == "uploadHeartbeat") then
    refuse("not_found", 404, "接口不存在")
  end
  local data = open(ctx.params, inbound.body)
  local report = { lot = data.parkingCode, time = time.parse(data.uploadTime, TIME), at = "/data" }
  if COUNTS[what] then
    report.total, report.open, report.free = data.totalBerthNum, data.openBerthNum, data.freeBerthNum
  elseif what == "uploadHeartbeat" then
    report.beat = true
  end
  return OTHERS[what] and {} or { report }, answer(200, "成功")
end

local function request(ctx, path, data, i)
  local cipher = base64.encode(rsa.private_encrypt(ctx.params.private_key, json.encode(json.ordered("data", data))))
  return {
    method = "POST",
    url = url.join(ctx.url, path),
    items = { i },
    headers = { ["Content-Type"] = "application/x-www-form-urlencoded" },
    body = url.form {
      { "accessID", ctx.params.access_id },
      { "cipher", cipher },
      { "sign", base64.encode(rsa.sign("md5", ctx.params.private_key, cipher)) },
    },
  }
end

local function each(ctx, items, path, make)
  if not ctx.params.private_key then
    error { code = "missing", message = "no private_key is registered for this sink" }
  end
  local requests = {}
  for i, item in ipairs(items) do
    local data = make(item, (ctx.params.codes or {})[item.lot] or item.lot)
    requests[#requests + 1] = data and request(ctx, path, data, i)
  end
  return requests
end

local function push(ctx, items)
  return each(ctx, items, (ctx.params.base_path or "/api/v2/cp") .. "/uploadParkingState", function(item, code)
    local open_count = item.open or item.total
    if item.free and open_count then
      return json.ordered("parkingCode", code, "totalBerthNum", item.total or open_count, "openBerthNum", open_count,
        "freeBerthNum", item.free, "uploadTime", time.format(item.changed, TIME))
    end
  end)
end

local function beat(ctx, items)
  return each(ctx, items, (ctx.params.base_path or "/api/v2/tcjg") .. "/uploadHeartbeat", function(item, code)
    return item.current and item.free
      and json.ordered("parkingCode", code, "uploadTime", time.format(ctx.now, TIME)) or nil
  end)
end

local function check(ctx, asked, response)
  local answer = json.decode(response.body)
  local code, words = count(answer.resultCode), tostring(answer.msg or "no resultCode that we know, and no msg")
  if code == 200 then
    return "ok"
  elseif code == 401 or code == 403 then
    return "pause", words
  end
  return code and code < 500 and "reject" or "retry", words
end

return {
  name = "hangzhou",
  interface = "1.0",
  params = { access_id = "string", public_key = "string?", private_key = "secret?", base_path = "string?", codes = "object?" },
  max_batch = 16,
  receive = receive,
  push = push,
  check = check,
  beat = beat,
}
