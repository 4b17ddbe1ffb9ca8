-- SPDX-License-Identifier: MIT
-- Guiyang 贵阳, both ways and in both versions: v1 signs with RSA and encrypts with AES, v2 with SM2 and SM4.
--
-- feed    mode push; paths v1 /api/mercury/park/heartbeat, …/inrecord, …/outrecord; v2 /open-server/api/mercury/park/heartbeat,
--         /open-server/api/v1/park/add/inrecord, …/add/record, …/add/order
-- sink    url: the platform's base address; each lot goes in a request of its own; the heartbeat carries the counts
-- params  version: "v1" or "v2"; cipher_key: 16 bytes as Base64; public_key: the sender's (feed); private_key: ours (sink)
-- Source: a public client in PHP, its older and its newer state, and the library that it calls. Confidence: paths, fields, both
-- recipes, DER and the user id 1234567812345678 found; what codes other than 0 mean is not known, so all are tried again. v2's client
-- pads its text before the library pads it once more: read both ways, sent like that with `pads_twice`. The envelope's timestamp is
-- not checked (v2's client writes none that could be read), nor is there a registration. Plates, lanes, photos, payments are dropped.

local COUNTS = { heartbeat = true, inrecord = true, outrecord = true, record = true } -- `order` has none
local OUTSIDE = { sign = true, image = true } -- come into the envelope after signing

-- All fields by name, the empty ones too: the clients leave none out.
local function joined(fields, leave_out)
  local names = {}
  for name in pairs(fields) do
    names[#names + 1] = not (leave_out and leave_out[name]) and name or nil
  end
  table.sort(names)
  for i, name in ipairs(names) do
    names[i] = name .. "=" .. tostring(fields[name])
  end
  return table.concat(names, "&")
end

local v1 = { path = "/api/mercury/park/heartbeat" }

function v1.close(ctx, key, business)
  local envelope = { app_id = ctx.params.app_id, version = "1.0.0", timestamp = time.format(ctx.now, lib.COMPACT) }
  envelope.data = base64.encode(aes.encrypt("cbc", key, business))
  envelope.sign = base64.encode(rsa.sign("sha256", lib.need(ctx, "private_key"), joined(envelope)))
  envelope.image = ""
  return envelope
end

function v1.open(ctx, key, envelope, data, sign)
  local good = rsa.verify("sha256", ctx.params.public_key, joined(envelope, OUTSIDE), sign)
  return good and lib.object(aes.decrypt("cbc", key, data))
end

local v2 = { path = "/open-server/api/mercury/park/heartbeat" }

function v2.close(ctx, key, business)
  local n = ctx.params.pads_twice and 16 - #business % 16 or 0
  return { app_id = ctx.params.app_id, timestamp = time.format(ctx.now, lib.COMPACT),
    data = base64.encode(sm4.encrypt("cbc", key, business .. string.char(n):rep(n))),
    sign = base64.encode(sm2.sign(lib.need(ctx, "private_key"), joined(json.decode(business)))) }
end

function v2.open(ctx, key, _, data, sign)
  local business = lib.object((sm4.decrypt("cbc", key, data):gsub("[\1-\16]+$", "")))
  return sm2.verify(ctx.params.public_key, joined(business), sign) and business
end

local function version_of(ctx)
  local version, key = ({ v1 = v1, v2 = v2 })[ctx.params.version], base64.decode(ctx.params.cipher_key)
  if not version or not key or #key ~= 16 then
    error { code = "invalid", message = "version is v1 or v2, cipher_key the Base64 of 16 bytes" }
  end
  return version, key
end

local function refuse(code, number, message)
  lib.refuse(code, message, lib.reply { code = number, message = message })
end

local function receive(ctx, inbound)
  local what, version, key = inbound.path:match("[^/]+$"), version_of(ctx)
  if not COUNTS[what] and what ~= "order" then
    refuse("not_found", 404, "接口不存在")
  end
  lib.need(ctx, "public_key")
  local good, data = pcall(function()
    local envelope = lib.object(inbound.body)
    assert(envelope.app_id == ctx.params.app_id)
    return version.open(ctx, key, envelope, base64.decode(envelope.data), base64.decode(envelope.sign))
  end)
  if not good or not data then
    refuse("auth", 401, "签名错误")
  end
  local report = { lot = data.park_id, total = data.total_parking_number, open = data.open_parking_number,
    free = data.remain_parking_number, time = time.parse(data.event_time or data.upload_time, lib.TIME), at = "/data" }
  return COUNTS[what] and { report } or {}, lib.reply { code = 0, message = "success" }
end

-- `moment`: a state is dated by its change; its repetition, the heartbeat, by the last confirmation.
local function tell(ctx, items, moment)
  local version, key = version_of(ctx)
  return lib.each(items, function(item)
    local total, open, free = lib.counts(item)
    if not total or moment == "observed" and not item.current then
      return nil
    end
    local business = json.encode(json.ordered("park_id", item.code, "total_parking_number", total, "remain_parking_number", free,
      "open_parking_number", open, "reserved_parking_number", 0, "event_time", time.format(item[moment], lib.TIME)))
    return lib.json_post(url.join(ctx.url, version.path), version.close(ctx, key, business))
  end)
end

return {
  name = "guiyang",
  interface = "1.2",
  params = { version = "string", app_id = "string", cipher_key = "secret", public_key = "string?", private_key = "secret?",
    pads_twice = "boolean?", codes = "object?" },
  max_batch = 16,
  receive = receive,
  push = function(ctx, items) return tell(ctx, items, "changed") end,
  beat = function(ctx, items) return tell(ctx, items, "observed") end,
  check = function(_, _, response)
    local answer = lib.decode(response.body)
    return lib.judge(count(answer.code), 0, answer.message)
  end,
}
