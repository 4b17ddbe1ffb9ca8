-- SPDX-License-Identifier: MIT
-- szymzh B30 parking system, its callback of remaining places (V14): the vendor's cloud or box calls us, with the areas of the lot.
--
-- feed    mode push; a path of its own, or /v1/ingest/‹feed›
-- lot     ParkKey; zones by AreaNo
-- params  app_id: messages of another AppId are refused; sign: how the Sign is checked: "none" (if not said), "hmac-sha256" or
--         "sha256" with the secret. With "none" the feed needs a bearer key, a secret in the URL or a source address among its auth
-- Source: the vendor's published note (parkingB30). Confidence: all fields of the message found, and the reply with ResultCode 200;
-- inferred: the other codes; the recipe of Sign, of which only its 44 characters of Base64 are known: over the
-- members without Sign, sorted, as k=v&…, Data as it was sent; with sha256 followed by &key=SECRET. If it does not fit, use "none".
-- Counts of kinds of cards are dropped.

local RECIPES = {
  ["hmac-sha256"] = function(text, secret)
    return hmac.sha256(secret, text)
  end,
  sha256 = function(text, secret)
    return hash.sha256(text .. "&key=" .. secret)
  end,
}

local function answer(code, message)
  return lib.reply(json.ordered("ResultCode", code, "ResultMsg", message))
end

local function check_sign(ctx, inbound, message)
  local way = ctx.params.sign or "none"
  if way == "none" then
    return lib.guarded(ctx, answer(401, "未授权"))
  end
  local recipe = RECIPES[way] or error { code = "invalid", message = "sign is none, hmac-sha256 or sha256, not " .. way }
  local signed = lib.sorted(lib.written(inbound.body, message), { Sign = true })
  if base64.encode(recipe(signed, lib.need(ctx, "secret"))) ~= message.Sign then
    lib.refuse("auth", "wrong signature", answer(401, "签名错误"))
  end
end

local function receive(ctx, inbound)
  local message = lib.arrived(inbound, answer(400, "数据格式错误"))
  check_sign(ctx, inbound, message)
  if ctx.params.app_id and tostring(message.AppId) ~= ctx.params.app_id then
    lib.refuse("auth", "another AppId", answer(401, "AppId错误"))
  end
  local good, data = pcall(lib.object, message.Data)
  if not good then
    lib.refuse("protocol", "no Data", answer(400, "缺少Data"))
  end
  local report = { lot = message.ParkKey, free = data.RemainingSpaces, total = data.TotalSpaces,
    time = time.parse(message.TimeStamp, "ms"), zones = {}, at = "/Data" }
  for i, area in ipairs(data.AreaSpaces or {}) do
    report.zones[i] = { id = area.AreaNo, free = area.RemainingSpaces, total = area.TotalSpaces }
  end
  return { report }, answer(200, "操作成功")
end

return {
  name = "szymzh-b30",
  interface = "1.2",
  params = { app_id = "string?", sign = "string?", secret = "secret?" },
  receive = receive,
}
