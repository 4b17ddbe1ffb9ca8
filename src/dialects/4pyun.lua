-- SPDX-License-Identifier: MIT
-- 4pyun P云, at a lot: we poll the lot's gateway as 4pyun does (V5), or the lot's client pushes to us as if we were 4pyun (V6).
--
-- url      polled: the lot's gateway without its path, which is `gateway` (/v1/gateway if not said)
-- feed     mode push; paths /gate/1.0/parking/internal/enter …/leave; as a form, in parts (multipart) or as JSON. A picture in a message
--          makes it too big: let the client send its address or none
-- lot      park_uuid; where a message has none, merchant
-- params   app_secret; gateway (polled)
-- Source: 4pyun's public documentation. Confidence: messages, answers and codes of both found; the signature of V6 found and computed.
-- Inferred: the gateway's request is signed alike (a sample shows its length and case), its answers' signature is not checked (a sample
-- has none); JSON bodies are signed in Authorization, as in the open API; empty fields may take part in a signature or not.
-- The gateway tells the cars inside, so the free places are computed. A total above 20 000 (the documentation's own is a million) is no
-- total: then the lot's registered one counts. V6 tells counts with cars only: remain_parking_space is believed where
-- total_parking_space is above 0. A repeated parking_serial is ignored. A wrong signature is answered 200 with a hint, as 4pyun does.
-- There is no sink: 4pyun takes counts only within the record of a car with its plate, and parkd keeps none. Plates, pictures,
-- cards and payments are dropped; entries and exits are hints.

local WAYS = { enter = "in", leave = "out" }
local MOST_PLACES = 20000

-- ---- polled

local function ask(ctx, lot)
  local body = { charset = "UTF-8", park_uuid = lot, service = "service.parking.realtime", version = "1.0" }
  body.sign = lib.pyun_sign(body, ctx.params.app_secret)
  return lib.json_post(url.join(ctx.url, ctx.params.gateway or "/v1/gateway"), body)
end

local function read(lot, response)
  local answer = lib.answered(response, "1001")
  local total, inside = count(answer.total), count(answer.parking)
  if not inside then
    error { code = "protocol", message = "no count of the cars inside (parking)" }
  end
  return { lot = lot, occupied = inside, total = total and total > 0 and total <= MOST_PLACES and total or nil }
end

-- ---- pushed

local function answer(ctx, code, message, hint)
  return lib.reply({ code = tostring(code), message = message, hint = hint, seqno = ctx.nonce }, code)
end

local function fields_of(ctx, inbound)
  if not inbound.body:match("^%s*{") then
    return lib.form(inbound)
  end
  return lib.arrived(inbound, answer(ctx, 400, "请求参数错误"))
end

local function check_sign(ctx, inbound, fields)
  local secret, given = ctx.params.app_secret, tostring(fields.sign or inbound.header("Authorization")):upper()
  local right = given == lib.pyun_sign(fields, secret) or given == lib.pyun_sign(fields, secret, true)
  if not right and (fields.sign or given ~= lib.pyun_sign(inbound.body, secret)) then
    lib.refuse("auth", "wrong signature", answer(ctx, 200, "已忽略当前请求", "签名验证不通过"))
  end
end

local function need(ctx, fields, name)
  if fields[name] == nil then
    lib.refuse("missing", name .. " is missing", answer(ctx, 400, "请求参数错误", "参数`" .. name .. "`未传递"))
  end
  return fields[name]
end

-- What is signed is the value as sent; with encoding=URL that is an encoded one.
local function decoded(fields)
  local out = {}
  for name, value in pairs(fields) do
    out[name] = fields.encoding == "URL" and url.form_decode("v=" .. tostring(value)).v or value
  end
  return out
end

local function receive(ctx, inbound)
  local what = inbound.path:match("[^/]+$") or ""
  local way = WAYS[what] or lib.refuse("not_found", "no such path", answer(ctx, 404, "接口不存在"))
  local fields = fields_of(ctx, inbound)
  check_sign(ctx, inbound, fields)
  fields = decoded(fields)
  local lot, moment = fields.park_uuid or need(ctx, fields, "merchant"), time.parse(need(ctx, fields, what .. "_time"), "ms")
  local fresh = lib.novelty(ctx, lot .. "/" .. what, need(ctx, fields, "parking_serial"))
  local reports, total, free = {}, count(fields.total_parking_space), fields.remain_parking_space
  if fresh == "new" then
    reports[1] = { lot = lot, [way] = 1, time = moment }
  end
  if fresh and total and total > 0 and free ~= nil then
    reports[#reports + 1] = { lot = lot, free = free, total = total, time = moment }
  end
  return reports, answer(ctx, 200, fresh == "new" and "OK" or "重复的流水,已忽略")
end

local poll, decode = lib.by_turns(ask, read)

return {
  name = "4pyun",
  interface = "1.2",
  params = { app_secret = "secret", gateway = "string?" },
  any_status = true,
  poll = poll,
  decode = decode,
  receive = receive,
}
