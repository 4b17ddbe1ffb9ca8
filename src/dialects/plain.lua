-- SPDX-License-Identifier: MIT
-- A platform that nobody documented: what it wants is said by the params of its sink, without code.
--
-- sink    url: its address
-- params  body: the template of a request. With `item`, {items} in it stands for all lots, each written by `item`, with `join` (",")
--         between them; else every lot gets a request of its own. method (POST), path (added to the url), headers: templates too
--         token: sent as Authorization: Bearer
--         hmac_key, hmac: {"algorithm" (sha256), "signed" ({body|text}), "as" (hex, base64), "header" (X-Signature), "prefix"}
--         good: {"path": "/code", "equals": [0, "200"], "message": "/msg", "reject": [..], "pause": [..]}; else every 2xx is good
--         words: {"status": {"open": 1, "closed": 0}, "band": {..}} (others: null); static: {"LOT" or "*": {name: value}}; skip_unknown: true
--         beat: {"path", "body", "item"}; ask: {"path", "free", "open", "total", "time", "format"}: a GET a lot, and pointers
-- In templates stand {lot} {code} {name} {address} {free} {open} {total} {occupied} {status} {band} {seq} {changed}, {now} {nonce}
-- {count}, in `signed` {method} {path} {body} too. Each is written as JSON, null for unknown; {x|text} bare, {x|url} escaped; a time
-- as ms, {x|s}, {x|iso} or {x|%Y-%m-%d %H:%M:%S} (Beijing), {x|%T|text}. {{ is a brace; what is no name of these stays as it is.
-- Source: none, the recipe is the user's. Confidence: tried against the simulator. The same state must be the same bytes: date it by
-- {changed}; {now} and {nonce} belong into headers and `signed`.

local OF_LOT = { "lot", "code", "name", "address", "free", "open", "total", "occupied", "status", "band", "seq", "changed" }

local function fields_of(ctx, item)
  local fields, words = lib.static(ctx, item), ctx.params.words or {}
  local size = item.open or item.total
  for _, name in ipairs(OF_LOT) do
    local value = item[name]
    if name == "occupied" and item.free and size then
      value = size - item.free
    elseif words[name] and value ~= nil then
      value = words[name][value]
    end
    fields[name] = value == nil and json.null or value
  end
  return fields
end

local function request(ctx, how, fields, positions)
  local p, headers, mac = ctx.params, { ["Content-Type"] = "application/json" }, ctx.params.hmac
  fields.now, fields.nonce, fields.count, fields.method = ctx.now, ctx.nonce, #positions, how.method or p.method or "POST"
  fields.path = lib.fill(how.path or p.path or "", fields)
  fields.body = how.body and lib.fill(how.body, fields) or ""
  headers.Authorization = p.token and "Bearer " .. p.token or nil
  for name, value in pairs(p.headers or {}) do
    headers[name] = lib.fill(value, fields)
  end
  if mac then
    local sum = hmac[mac.algorithm or "sha256"](lib.need(ctx, "hmac_key"), lib.fill(mac.signed or "{body|text}", fields))
    headers[mac.header or "X-Signature"] = (mac.prefix or "") .. (mac.as == "base64" and base64 or hex).encode(sum)
  end
  return { method = fields.method, url = ctx.url .. fields.path, headers = headers, body = fields.body, items = positions }
end

local function tell(ctx, how, items, wanted)
  local requests, texts, positions = {}, {}, {}
  for i, item in ipairs(items) do
    local fields = wanted(item) and fields_of(ctx, item)
    if fields and how.item then
      texts[#texts + 1], positions[#positions + 1] = lib.fill(how.item, fields), i
    elseif fields then
      requests[#requests + 1] = request(ctx, how, fields, { i })
    end
  end
  if #texts > 0 then
    requests[1] = request(ctx, how, { items = table.concat(texts, ctx.params.join or ",") }, positions)
  end
  return requests
end

local function check(ctx, _, response)
  local good = ctx.params.good
  local answer = good and json.decode(response.body)
  local code = good and lib.at(answer, good.path)
  if not good or lib.has(good.equals, code) then
    return "ok"
  end
  local verdict = lib.has(good.reject, code) and "reject" or lib.has(good.pause, code) and "pause" or "retry"
  return verdict, tostring(code) .. ": " .. tostring(lib.at(answer, good.message) or "no words")
end

local function push(ctx, items)
  return tell(ctx, { body = lib.need(ctx, "body"), item = ctx.params.item }, items, function(item)
    return item.free ~= nil or not ctx.params.skip_unknown
  end)
end

local function beat(ctx, items)
  return ctx.params.beat and tell(ctx, ctx.params.beat, items, function(item)
    return item.current
  end) or {}
end

local function ask(ctx, items)
  local how = ctx.params.ask
  return how and tell(ctx, { method = "GET", path = how.path }, items, function()
    return true
  end) or {}
end

local function answer(ctx, _, response)
  local held, how = response.status ~= 404 and json.decode(response.body) or {}, ctx.params.ask
  local one = { item = 1, time = time.parse(lib.at(held, how.time), how.format or "ms") or nil }
  for _, name in ipairs { "free", "open", "total" } do
    one[name] = count(lib.at(held, how[name])) or nil
  end
  return next(one, next(one)) and { one } or {}
end

return {
  name = "plain",
  interface = "1.2",
  params = { body = "string", item = "string?", join = "string?", method = "string?", path = "string?", headers = "secrets?",
    token = "secret?", hmac_key = "secret?", hmac = "object?", good = "object?", words = "object?", static = "object?",
    skip_unknown = "boolean?", beat = "object?", ask = "object?", codes = "object?" },
  push = push, beat = beat, check = check, ask = ask, answer = answer,
}
