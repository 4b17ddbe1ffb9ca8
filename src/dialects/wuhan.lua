-- SPDX-License-Identifier: MIT
-- A vendor of Wuhan whose name is not published (V17): the lot's system pushes a signed list of counts.
--
-- feed    mode push; a path of its own, or /v1/ingest/‹feed›
-- lot     parkId of the message, unless an item of the list names its own
-- params  secret_key; names: what the members of an item are called; reply: what a good message is answered
-- Source: one sample in a public article. Confidence: that data is a list, and the signature, upper-case MD5 over data, parkId, secret
-- and timeStamp in this order, found; computed against our own vector. Inferred: the names of the members (hence the param), that they
-- stand beside each other in one JSON object, ms in timeStamp, and the reply. Of timeStamp nobody says how far it may be off: it
-- only dates the counts. Items without a count (entries, exits) are dropped.

local WORDS = { names = { lot = "parkId", free = "free", total = "total" } }

local function answer(code, message)
  return lib.reply { code = code, message = message }
end

local function receive(ctx, inbound)
  local message, names = lib.arrived(inbound, answer(400, "数据格式错误")), lib.words(ctx, WORDS).names
  local park, data_text = tostring(message.parkId), lib.written(inbound.body, message).data
  local signed = table.concat({ data_text or "", park, ctx.params.secret_key, tostring(message.timeStamp) }, "&")
  if lib.MD5(signed) ~= tostring(message.sign):upper() then
    lib.refuse("auth", "wrong signature", answer(401, "签名错误"))
  end
  local good, data = pcall(lib.object, message.data)
  if not good then
    lib.refuse("protocol", "data is no list", answer(400, "data错误"))
  end
  local reports, alone = {}, nil
  for i, item in ipairs(data) do
    local lot, at = item[names.lot], "/data/" .. i - 1
    if item[names.free] ~= nil and not lot and alone then
      reports[#reports + 1] = { fault = "a second item without a park of its own", lot = park, at = at }
    elseif item[names.free] ~= nil then
      alone = alone or not lot
      reports[#reports + 1] = { lot = lot or park, free = item[names.free], total = item[names.total],
        time = time.parse(message.timeStamp, "ms"), at = at }
    end
  end
  local reply = ctx.params.reply
  return reports, reply and lib.reply(reply) or answer(200, "success")
end

return {
  name = "wuhan",
  interface = "1.2",
  params = { secret_key = "secret", names = "object?", reply = "object?" },
  receive = receive,
}
