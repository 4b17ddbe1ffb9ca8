-- SPDX-License-Identifier: MIT
-- Keytop 科拓 open platform (V2), free places (call 2.6.2) and areas, polled: one park a request, so a few parks a feed.
--
-- url     https://kp-open.keytop.cn
-- lot     the platform's parkId, the lot's foreign_id
-- params  app_id, app_secret; park_id: this park alone (else all lots of the feed, at most nine); areas: true asks once an hour for
--         the areas too, which become zones (of at most eight lots). Requests to the platform are spaced by the feed's
--         spacing_ms: 200 ms, if not said, as its known clients do
-- Source: public client code in Java and Kotlin. Confidence: paths, envelope (code or resCode, data also as a text) and signing found and
-- tried by computation, ts in ms; serviceCode and the spelling freeSpaceNum inferred (the one public class spells it
-- parfreeSpaceNumkId, so both are read). Of areas only their size (placeCount) is found; their free places are read where they are told.

local PATHS = { free = "/unite-api/api/wec/GetFreeSpaceNum", areas = "/unite-api/api/wec/GetParkingPlaceArea" }
local CODES = { free = "getFreeSpaceNum", areas = "getParkingPlaceArea" }
local AREAS_MS = 3600000

-- Upper-case MD5 over the sorted fields and the secret. appId takes no part, nor do empty fields.
local function sign(fields, secret)
  return lib.MD5(lib.sorted(fields, { appId = true, key = true }) .. "&" .. secret)
end

local function ask(ctx, what)
  local p, turn = ctx.params, ctx.state.turn
  local body = { appId = p.app_id, parkId = lib.turn(ctx), serviceCode = CODES[what], ts = ctx.now, reqId = ctx.nonce }
  body.key = sign(body, p.app_secret)
  turn.what = what
  return lib.json_post(url.join(ctx.url, PATHS[what]), body, { version = "1.0.0" })
end

-- The next request: for the areas of the park whose turn it is, if they are old and the poll can afford it, else for its count.
local function go_on(ctx)
  local turn = ctx.state.turn
  local held = ctx.state.areas[lib.turn(ctx)]
  local old = ctx.params.areas and turn.spare > 0 and not (held and ctx.now - held.at < AREAS_MS)
  turn.spare = turn.spare - (old and 1 or 0)
  return ask(ctx, old and "areas" or "free")
end

local function poll(ctx)
  lib.take_turns(ctx, ctx.params.park_id)
  ctx.state.areas = ctx.state.areas or {}
  ctx.state.turn.spare = lib.MOST_TURNS - #ctx.state.turn.lots
  return go_on(ctx)
end

local function zones_of(data)
  local zones = {}
  for i, area in ipairs(data.areaInfo or {}) do
    zones[i] = { id = area.areaCode, total = area.placeCount, free = area.freeSpaceNum }
  end
  return zones
end

local function counts_of(ctx, park, data)
  local free = data.freeSpaceNum
  if free == nil then
    free = data.parfreeSpaceNumkId
  end
  return { lot = data.parkId or park, free = free, total = data.totalNum, zones = (ctx.state.areas[park] or {}).zones, at = "/data" }
end

local function decode(ctx, response)
  local park = lib.turn(ctx)
  local fine, data = pcall(function()
    return lib.data(lib.answered(response, "0"))
  end)
  if ctx.state.turn.what == "areas" then
    ctx.state.areas[park] = { at = ctx.now, zones = fine and zones_of(data) or nil }
    return fine and {} or { { fault = "its areas are not told", lot = park, at = "/areas" } }, ask(ctx, "free")
  end
  local reports, more = lib.next_turn(ctx, fine, fine and counts_of(ctx, park, data) or data)
  return reports, more and go_on(ctx) or nil
end

return {
  name = "keytop",
  interface = "1.2",
  params = { app_id = "string", app_secret = "secret", park_id = "string?", areas = "boolean?" },
  any_status = true,
  poll = poll,
  decode = decode,
}
