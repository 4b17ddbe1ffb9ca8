-- SPDX-License-Identifier: MIT
-- NGSI-LD, to a context broker (Orion-LD, Scorpio, Stellio): every lot is an entity OffStreetParking, many in one request.
--
-- sink    url: the broker's base address; the paths /ngsi-ld/v1/… are added. heartbeat_s has no meaning here
-- lot     the entity id_prefix .. code: parkd's id, or what `codes` says
-- params  token: sent as Authorization: Bearer; headers: further ones; tenant: NGSILD-Tenant; type (OffStreetParking); id_prefix
--         (urn:ngsi-ld:OffStreetParking:); context: address of the @context (that of the Smart Data Models)
-- Source: ETSI GS CIM 009, Smart Data Models dataModel.Parking 0.1.3. Confidence: path, options=update, 201, 204 and 207 with errors by
-- entityId, and the attributes found; tried against the simulator only. Inferred: totalSpotNumber is the lot's whole capacity;
-- an error of 5xx within a 207 may pass, any other will not. NGSI-LD has no null here, and an update cannot take a number away: a lot
-- whose free places are unknown replaces its entity by one without availableSpotNumber, which also loses what others added to it.
-- observedAt is the time of the change, so that the same state is the same bytes. Without a registered place there is no location,
-- which the data model wants and brokers do not check.

local CONTEXT = "https://raw.githubusercontent.com/smart-data-models/dataModel.Parking/master/context.jsonld"
local REL = '>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'
local BAND = { full = "full", few = "almostFull", some = "spacesAvailable", plenty = "spacesAvailable" }

local function prefix(ctx)
  return ctx.params.id_prefix or "urn:ngsi-ld:OffStreetParking:"
end

local function property(value, at)
  return value and json.ordered("type", "Property", "value", value, "observedAt", at) or nil
end

local function location(item)
  local at = item.points and item.points.wgs84
  return at and { type = "GeoProperty", value = { type = "Point", coordinates = { at.lng, at.lat } } } or nil
end

local function status(item)
  if item.status == "closed" then
    return { "closed" }
  end
  local words = { item.status == "open" and "open" or nil }
  words[#words + 1] = BAND[item.band]
  return #words > 0 and words or nil
end

local function entity(ctx, item)
  local at, address = lib.iso(item.changed), item.address
  return json.ordered("id", prefix(ctx) .. item.code, "type", ctx.params.type or "OffStreetParking",
    "name", property(item.name), "location", location(item),
    "address", address and property { streetAddress = address, addressCountry = "CN" } or nil,
    "totalSpotNumber", property(item.total or item.open), "availableSpotNumber", property(item.free, at),
    "status", property(status(item), at), "@context", { ctx.params.context or CONTEXT })
end

local function headers(ctx, name, value)
  local all = { Accept = "application/json", [name] = value, ["NGSILD-Tenant"] = ctx.params.tenant,
    Authorization = ctx.params.token and "Bearer " .. ctx.params.token or nil }
  for further, text in pairs(ctx.params.headers or {}) do
    all[further] = text
  end
  return all
end

-- Those with a number, and those without, which take the number away.
local function push(ctx, items)
  local requests = {}
  for _, kind in ipairs { { known = true, query = "?options=update" }, { known = false, query = "" } } do
    local list, positions = json.array {}, {}
    for i, item in ipairs(items) do
      if (item.free ~= nil) == kind.known then
        list[#list + 1], positions[#positions + 1] = entity(ctx, item), i
      end
    end
    local request = lib.json_post(url.join(ctx.url, "/ngsi-ld/v1/entityOperations/upsert") .. kind.query, json.encode(list),
      headers(ctx, "Content-Type", "application/ld+json"))
    request.items = positions
    requests[#requests + 1] = #positions > 0 and request or nil
  end
  return requests
end

-- 201 and 204 are good for all; a 207 names the entities that failed.
local function check(_, request, response)
  local answer = response.body:match("^%s*{") and json.decode(response.body) or {}
  local each, words = {}, nil
  for i, sent in ipairs(answer.errors and json.decode(request.body) or {}) do
    for _, failed in ipairs(answer.errors) do
      local why = type(failed.error) == "table" and failed.error or { title = failed.error }
      if failed.entityId == sent.id then
        each[i] = (count(why.status) or 400) >= 500 and "retry" or "reject"
        words = sent.id .. ": " .. tostring(why.detail or why.title or "no words")
      end
    end
  end
  if response.status == 207 and not words then
    return "retry", "207 that names no entity of ours"
  end
  return { all = "ok", each = each, message = words }
end

local function ask(ctx, items)
  local link = "<" .. (ctx.params.context or CONTEXT) .. REL
  return lib.each(items, function(item)
    return { url = url.join(ctx.url, "/ngsi-ld/v1/entities/" .. url.encode(prefix(ctx) .. item.code)),
      headers = headers(ctx, "Link", link) }
  end)
end

local function answer(_, _, response)
  local held = response.status == 404 and {} or json.decode(response.body)
  local function value(name, member)
    local attribute = held[name]
    return type(attribute) == "table" and attribute[member or "value"] or member == nil and attribute or nil
  end
  return held.id and { { item = 1, free = value "availableSpotNumber", total = value "totalSpotNumber",
    time = time.parse(value("availableSpotNumber", "observedAt"), "iso") or nil } } or {}
end

return {
  name = "ngsi-ld",
  interface = "1.2",
  params = { token = "secret?", headers = "secrets?", tenant = "string?", type = "string?", id_prefix = "string?", context = "string?",
    codes = "object?" },
  push = push, check = check, ask = ask, answer = answer,
}
