-- SPDX-License-Identifier: MIT
-- ParkingOS 停车云 (V16), its upload_order message in an HTTP form: a lot's client that speaks to the ParkingOS cloud tells us its orders.
--
-- feed    mode push; a path of its own, or /v1/ingest/‹feed›. Raw TCP, what its clients speak first, is not spoken: a relay is needed
-- lot     what `parks` says for the token of the message; without `parks` the token itself
-- params  parks: {"TOKEN": {"lot": "FOREIGN", "key": "…"}}; without `key` there is no signature to check, and knowing the token is
--         enough; without `parks` the feed needs a bearer key, a secret in the URL or a source address among its auth
-- Source: the public code of its cloud. Confidence: the message and the server's rules found: a repeated sign is ignored, the same
-- order at most twice taken, an empty_plot that is negative or missing ignored. Inferred: the recipe of sign (as Bolink's, of the same
-- makers: upper-case MD5 of the text of data, "key=" and the key), and the reply. The newest message of a token is read again when it
-- is repeated, for it may be the one that could not be stored. Plates are dropped; an order that began or ended is a hint. No sign of
-- life is known in this form: without cars a lot grows stale.

local function answer(message, state, words)
  local data = type(message.data) == "table" and message.data or {}
  return lib.reply { service_name = message.service_name, state = state, errmsg = words, order_id = data.order_id }
end

local function sender(ctx, inbound, message)
  local token = tostring(message.token)
  if not ctx.params.parks then
    lib.guarded(ctx, answer(message, 0, "未授权"))
  end
  local park = (ctx.params.parks or { [token] = { lot = token } })[token]
  local signed = park and park.key and lib.bolink_sign(lib.written(inbound.body, message).data or "", park.key)
  if not park or signed and signed ~= tostring(message.sign):upper() then
    lib.refuse("auth", park and "wrong signature" or "no such token", answer(message, 0, park and "签名错误" or "token错误"))
  end
  return park
end

-- Whether it is the first or second message of an order.
local function is_wanted(ctx, token, order)
  return not order or lib.novelty(ctx, token .. " first", order) == "new" or lib.novelty(ctx, token .. " second", order) == "new"
end

local function receive(ctx, inbound)
  local message = lib.arrived(inbound, answer({}, 0, "数据格式错误"))
  local park = sender(ctx, inbound, message)
  local good, data = pcall(lib.object, message.data)
  if not good then
    lib.refuse("protocol", "no data", answer(message, 0, "缺少data"))
  end
  local token = tostring(message.token)
  local fresh = message.service_name == "upload_order" and lib.novelty(ctx, token, message.sign)
  if fresh == "new" and not is_wanted(ctx, token, data.order_id) then
    fresh = nil
  end
  local left, free = data.out_time ~= nil, count(data.empty_plot)
  local moment, reports = time.parse(left and data.out_time or data.in_time, "s"), {}
  if fresh == "new" then
    reports[1] = { lot = park.lot, [left and "out" or "in"] = 1, time = moment, at = "/data" }
  end
  if fresh and free ~= nil and not (free and free < 0) then
    reports[#reports + 1] = { lot = park.lot, free = data.empty_plot, time = moment, at = "/data" }
  end
  return reports, answer(message, 1)
end

return {
  name = "parkingos",
  interface = "1.2",
  params = { parks = "secrets?" },
  receive = receive,
}
