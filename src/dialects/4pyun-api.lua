-- SPDX-License-Identifier: MIT
-- 4pyun P云, its open API (V7), polled: lots by lot with their areas and bookable places, or a list of a city or neighbourhood.
--
-- url     https://api.4pyun.com
-- lot     park_uuid
-- params  app_id, app_secret; list: what the list is asked by, {"city": "淄博市"} or {"latitude", "longitude", "radius" (m),
--         "coord_type"}: then one poll reads up to nine pages, of `page_size` lots (100), without areas; without `list` a poll asks lot
--         by lot, at most nine lots. json: true sends what is asked as a JSON body, signed in Authorization, instead of a signed query
-- Source: 4pyun's public documentation. Confidence: paths, fields, codes and both signatures found, computed against its published
-- example and our own vector. Inferred: how large a page may be; that these two calls take a JSON body as others do; that a name of an
-- area is its only name (one of more than 23 bytes becomes its number). An account may lack the right to counts (403). 1002 is "no
-- such lot". An answer carries no time: it counts from when it is read. `mode` of an answer is not explained and not read.

local SPACE, LIST = "/gate/1.0/parking/realtime/space", "/gate/1.0/parking/park/list"
local MOST_PAGES, MOST_NAME = 9, 23

-- ---- asking

local function signed(ctx, path, fields)
  local p, at, names, query = ctx.params, url.join(ctx.url, path), {}, {}
  fields.app_id, fields.timestamp = p.app_id, ctx.now
  if p.json then
    local body = json.encode(fields)
    return lib.json_post(at, body, { Authorization = lib.pyun_sign(body, p.app_secret) })
  end
  fields.sign = lib.pyun_sign(fields, p.app_secret)
  for name in pairs(fields) do
    names[#names + 1] = name
  end
  table.sort(names)
  for i, name in ipairs(names) do
    query[i] = { name, fields[name] }
  end
  return { url = at .. "?" .. url.form(query) }
end

local function ask(ctx, lot)
  return signed(ctx, SPACE, { park_uuid = lot })
end

local function ask_page(ctx)
  local fields = { page_index = ctx.state.page, page_size = ctx.params.page_size or 100 }
  for name, value in pairs(ctx.params.list) do
    fields[name] = value
  end
  return signed(ctx, LIST, fields)
end

-- ---- what comes

local function zones_of(areas)
  local zones = {}
  for i, area in ipairs(areas or {}) do
    local name = tostring(area.area_name or "")
    zones[i] = { id = name ~= "" and #name <= MOST_NAME and name or tostring(i), free = area.remain_space, total = area.total_space }
  end
  return zones
end

-- A lot that lets nothing be booked says 0 of 0.
local function classes_of(space)
  if (count(space.total_reserve_space) or 0) > 0 then
    return { bookable = { free = space.remain_reserve_space, total = space.total_reserve_space } }
  end
end

local function payload_of(response)
  return lib.object(lib.answered(response, "1001").payload)
end

local function read(lot, response)
  local space = payload_of(response)
  return { lot = space.park_uuid or lot, free = space.remain_space, total = space.total_space, zones = zones_of(space.area_space),
    classes = classes_of(space), at = "/payload" }
end

local function read_page(ctx, response)
  local payload, ours, reports = payload_of(response), {}, {}
  for _, lot in ipairs(ctx.lots) do
    ours[lot.foreign] = true
  end
  for i, row in ipairs(payload.row or {}) do
    if ours[row.park_uuid] then
      reports[#reports + 1] = { lot = row.park_uuid, free = row.remain_space, total = row.total_space, at = "/payload/row/" .. i - 1 }
    end
  end
  local pages, page = count((payload.paging_header or {}).page_count) or 1, ctx.state.page
  ctx.state.page = page + 1
  return reports, page < pages and page < MOST_PAGES and ask_page(ctx) or nil
end

local poll_lots, decode_lot = lib.by_turns(ask, read)

return {
  name = "4pyun-api",
  interface = "1.2",
  params = { app_id = "string", app_secret = "secret", list = "object?", page_size = "number?", json = "boolean?" },
  any_status = true,
  poll = function(ctx)
    ctx.state.page = 1
    return (ctx.params.list and ask_page or poll_lots)(ctx)
  end,
  decode = function(ctx, response)
    return (ctx.params.list and read_page or decode_lot)(ctx, response)
  end,
}
