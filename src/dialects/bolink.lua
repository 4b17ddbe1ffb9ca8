-- SPDX-License-Identifier: MIT
-- Bolink 泊链, lots make themselves known and tell their places (V8; `api` "park": the older V9), both ways: a lot's existing client
-- speaks to us as to Bolink, and as a sink we make our lots known at Bolink.
--
-- feed    mode push; paths /unionapi/newpark/addpark …/updatepark (older: /unionapi/park/…); those of orders may be added, their
--         empty_plot counts too
-- sink    url https://s.bolink.club (to try: https://beta.bolink.club). A lot is made known by addpark, its later changes and its counts go
--         by updatepark, a lot a request. Bolink takes them only when its staff have reviewed the lot: until then they are tried again
-- lot     park_id; as a sink parkd's own id, or what `codes` says for it
-- params  union_id; key: of this union; api: "newpark" (if not said) or "park", how a sink signs; a feed takes both; datum: of what a
--         sink tells (gcj02); static: what parkd cannot know of a lot (city_id, remark), {"*": of all lots, "LOT": of one}
-- Source: Bolink's public documentation (newapi, parkapi, userapi). Confidence: fields, answers and both signatures found, computed
-- against their published examples. `rand` may not be that of the request before. Inferred: the datum; that an "已存在" to addpark means
-- that the lot is known; that a lot disabled by its client (type 2) is closed. A sink never disables. price_desc is wanted: give the
-- lots their fee text. There is no "unknown" and no sign of life here: an unknown count is not sent, refresh_s tells counts again.

-- ---- as a sink

-- Up to 30 digits that no other request has.
local function rand(ctx)
  local digits = ctx.nonce:gsub("%W", ""):gsub("%a", function(letter)
    return tostring(letter:byte() % 10)
  end)
  ctx.nonce = random.uuid()
  return "0." .. digits:sub(1, 30)
end

-- fields: as json.encode takes them.
local function request(ctx, call, fields)
  local p, text = ctx.params, json.encode(fields)
  local at = url.join(ctx.url, "/unionapi/" .. (p.api or "newpark") .. "/" .. call)
  if p.api == "park" then
    local flat = json.decode(text)
    flat.sign = lib.bolink_sign(flat, p.key)
    return lib.json_post(at, flat)
  end
  return lib.json_post(at, ('{"data":%s,"sign":"%s"}'):format(text, lib.bolink_sign(text, p.key)))
end

local function update(ctx, item, total, free, phone)
  return request(ctx, "updatepark", json.ordered("park_id", item.code, "type", 1, "union_id", count(ctx.params.union_id),
    "total_plot", total, "empty_plot", free, "rand", rand(ctx), "price_desc", item.fee_text, "phone", phone))
end

local function push(ctx, items)
  return lib.each(items, function(item)
    local total, _, free = lib.counts(item)
    return total and update(ctx, item, total, free)
  end)
end

local function register(ctx, items)
  return lib.each(items, function(item)
    local total, fields = item.registered.total, lib.static(ctx, item)
    if item.filed then
      return update(ctx, item, total, item.free, item.phone)
    end
    local lng, lat = lib.point(ctx, item)
    local known = { park_id = item.code, name = item.name, address = item.address, phone = item.phone, total_plot = total,
      empty_plot = item.free, union_id = count(ctx.params.union_id), price_desc = item.fee_text, rand = rand(ctx),
      lng = lng and ("%.6f"):format(lng), lat = lat and ("%.6f"):format(lat) }
    for name, value in pairs(known) do
      fields[name] = value
    end
    return request(ctx, "addpark", fields)
  end)
end

local function check(_, sent, response)
  local answer = lib.object(response.body)
  local words = tostring(answer.errmsg or "no words")
  local known = sent.part == "register" and (words:find("已存在", 1, true) or words:find("重复添加", 1, true))
  return lib.judge(known and 1 or answer.state, 1, words)
end

-- ---- as a way in

local function reply(park, state, words)
  return lib.reply(json.ordered("park_id", park, "state", state, "errmsg", words))
end

-- The fields of a message, in `data` or beside the signature, once it is right.
local function opened(ctx, inbound)
  local message, key = lib.arrived(inbound, reply(nil, 0, "数据格式错误")), ctx.params.key
  local good, data = pcall(lib.object, message.data == nil and message or message.data)
  data = good and data or lib.refuse("syntax", "data is no object", reply(nil, 0, "数据格式错误"))
  local written = lib.written(inbound.body, message)
  local right = lib.bolink_sign(message.data == nil and written or written.data, key)
  if tostring(message.sign):upper() ~= right or tostring(data.union_id) ~= ctx.params.union_id then
    lib.refuse("auth", "another union_id, or a wrong signature", reply(data.park_id, 0, "签名错误"))
  end
  return data
end

local function receive(ctx, inbound)
  local data = opened(ctx, inbound)
  local good = reply(data.park_id, 1, "成功")
  local disabled = inbound.path:find("updatepark$") and count(data.type) == 2
  if not lib.novelty(ctx, data.park_id, data.rand) or not disabled and data.empty_plot == nil then
    return {}, good
  end
  return { { lot = data.park_id, free = not disabled and data.empty_plot or nil, total = data.total_plot,
    status = disabled and "closed" or nil, at = "/data" } }, good
end

return {
  name = "bolink",
  interface = "1.2",
  params = { union_id = "string", key = "secret", api = "string?", codes = "object?", static = "object?", datum = "string?" },
  receive = receive, register = register, push = push, check = check,
}
