-- SPDX-License-Identifier: MIT
-- 智能车牌识别系统通用接口, the general protocol of plate-recognition systems (V13), in its HTTP form: a lot's camera box tells us its places.
--
-- feed    mode push; a path of its own, or /v1/ingest/‹feed›. The messages carry no signature: without a bearer key, a secret in the
--         URL or a source address among the feed's auth every one of them is refused
-- lot     parkid
-- params  reply: what a good message is answered beside its service, {"code": 0, "msg": "ok"} if not said
-- Source: two pages of a public document (showdoc). Confidence: parkingspace (on every change) and heartbeat (every 5 s) found, with
-- their fields. Inferred: the reply, of which nothing is published, and that the same text is sent over HTTP as over TCP. Raw TCP is
-- not spoken. Entries, exits and what else there is carry plates and are dropped.

local function answer(ctx, service, refused)
  local said = { code = refused and 1 or 0, msg = refused or "ok" }
  for name, value in pairs(not refused and ctx.params.reply or said) do
    said[name] = value
  end
  said.service = service
  return lib.reply(said)
end

local READ = {
  parkingspace = function(data)
    return { free = data.spaceleft, total = data.spacetotal, occupied = data.spaceused }
  end,
  heartbeat = function()
    return { beat = true }
  end,
}

-- The document writes spaceLeft beside spacetotal: boxes cannot be expected to keep to it.
local function lower(data)
  local out = {}
  for name, value in pairs(data) do
    out[tostring(name):lower()] = value
  end
  return out
end

local function receive(ctx, inbound)
  lib.guarded(ctx, answer(ctx, nil, "未授权"))
  local data = lower(lib.arrived(inbound, answer(ctx, nil, "数据格式错误")))
  if type(data.service) ~= "string" then
    lib.refuse("protocol", "no service is named", answer(ctx, nil, "缺少service"))
  end
  local read = READ[data.service:lower()]
  local report = read and read(data) or nil
  if report then
    report.lot, report.time = data.parkid, time.parse(data.time, lib.TIME)
  end
  return { report }, answer(ctx, data.service)
end

return {
  name = "plate-recognition",
  interface = "1.2",
  params = { reply = "object?" },
  receive = receive,
}
