-- SPDX-License-Identifier: MIT
-- What several dialects need: the table that they find as `lib`. A file of its own folder; never a dialect itself.

local lib = { TIME = "%Y-%m-%d %H:%M:%S", COMPACT = "%Y%m%d%H%M%S" }

local JSON, FORM = "application/json", "application/x-www-form-urlencoded"

-- ---- digests, as vendors write them

function lib.md5(s)
  return hex.encode(hash.md5(s))
end

function lib.MD5(s)
  return lib.md5(s):upper()
end

function lib.sha256(s)
  return hex.encode(hash.sha256(s))
end

-- a=1&b=2 by name, empty values left out, and those that `leave_out` names.
function lib.sorted(fields, leave_out)
  local signed = {}
  for name, value in pairs(fields) do
    if not (leave_out and leave_out[name]) then
      signed[name] = value
    end
  end
  return text.sorted(signed)
end

-- ---- requests

local function post(to, kind, body, headers)
  local all = { ["Content-Type"] = kind }
  for name, value in pairs(headers or {}) do
    all[name] = value
  end
  return { method = "POST", url = to, headers = all, body = body }
end

-- `value`: a table, or the JSON text as it was signed.
function lib.json_post(to, value, headers)
  return post(to, JSON, type(value) == "string" and value or json.encode(value), headers)
end

function lib.form_post(to, pairs_of_fields, headers)
  return post(to, FORM, url.form(pairs_of_fields), headers)
end

-- One request an item; make(item, i) gives it, or nil where there is nothing to tell.
function lib.each(items, make)
  local requests = {}
  for i, item in ipairs(items) do
    local request = make(item, i)
    if request then
      request.items = { i }
      requests[#requests + 1] = request
    end
  end
  return requests
end

-- total, open, free; nothing while the free places or the capacity are not known.
function lib.counts(item)
  local open = item.open or item.total
  if item.free and open then
    return item.total or open, open, item.free
  end
end

-- A parameter that only one side of a protocol needs.
function lib.need(ctx, name)
  local value = ctx.params[name]
  if value == nil then
    error { code = "missing", message = "no " .. name .. " is registered among the params" }
  end
  return value
end

-- ---- what comes

local function trim_keys(value)
  if type(value) ~= "table" then
    return value
  end
  local out = {}
  for key, inner in pairs(value) do
    out[type(key) == "string" and text.trim(key) or key] = trim_keys(inner)
  end
  return out
end

-- JSON as senders really write it: also inside a JSON string, also with blanks at the ends of keys.
function lib.decode(body)
  local value = json.decode(body)
  if type(value) == "string" then
    value = json.decode(value)
  end
  return trim_keys(value)
end

-- An object that may have come as its JSON text, or as the Base64 of that.
function lib.object(value)
  if type(value) == "string" then
    local good, read = pcall(lib.decode, value)
    if not good then
      good, read = pcall(lib.decode, base64.decode(value) or "")
    end
    value = good and read or nil
  end
  if type(value) ~= "table" then
    error { code = "protocol", message = "neither an object nor the text of one" }
  end
  return value
end

-- The members of a JSON object as they were written, in their order, for what is signed as text: a list of {key, raw}.
function lib.members(body)
  local function hide(piece)
    return ("_"):rep(#piece)
  end
  local mask = body:gsub("\\.", "__"):gsub('"[^"]*"', hide) -- as long as the text, without its strings
  local from, to = mask:match("^%s*{().*()}%s*$")
  local list = {}
  if from then
    local flat = mask:sub(from, to - 1):gsub("%b{}", hide):gsub("%b[]", hide)
    for first, last in flat:gmatch("()[^,]+()") do
      local key, raw = body:sub(from + first - 1, from + last - 2):match('^%s*"(.-)"%s*:%s*(.-)%s*$')
      list[#list + 1] = key and { key = key, raw = raw }
    end
  end
  return list
end

-- ---- answers

function lib.reply(value, status)
  return { status = status, content_type = JSON, body = json.encode(value) }
end

-- Ends a `receive` with the reply that the sender expects then.
function lib.refuse(code, message, reply)
  error { code = code, message = message, reply = reply }
end

-- A platform's code as a verdict: `good`, or what `rules` say ({pause = {[1003] = true}, reject = …}), else "retry".
function lib.judge(code, good, words, rules)
  local n = count(code) or code
  if n == good then
    return "ok"
  end
  words = tostring(code) .. ": " .. tostring(words or "no words")
  for verdict, codes in pairs(rules or {}) do
    if codes[n] then
      return verdict, words
    end
  end
  return "retry", words
end

-- ---- what a platform wants to know of a lot, in its own words

-- The words of a protocol by group; those that `params` says differently win.
function lib.words(ctx, defaults)
  local words = {}
  for group, names in pairs(defaults) do
    words[group] = {}
    for name, word in pairs(names) do
      words[group][name] = tostring((ctx.params[group] or {})[name] or word)
    end
  end
  return words
end

-- What parkd cannot know and `params.static` says: {"*": fields of all lots, "LOT": of one}.
function lib.static(ctx, item)
  local fields = {}
  for _, lot in ipairs { "*", item.lot } do
    for name, value in pairs((ctx.params.static or {})[lot] or {}) do
      fields[name] = value
    end
  end
  return fields
end

-- Sets `fields` by the totals of classes of places, where they are known; names: {field = class}.
function lib.class_totals(fields, item, names)
  for name, class in pairs(names) do
    fields[name] = ((item.classes or {})[class] or {}).total or fields[name]
  end
  return fields
end

-- ---- the two hubs of Beijing Xicheng: one way to sign, to write Base64, to answer

local TO_HUB, FROM_HUB = { ["+"] = "*", ["/"] = "-", ["="] = "" }, { ["*"] = "+", ["-"] = "/" }
local HUB_METHODS = { ["HMAC-SHA1"] = hmac.sha1, ["HMAC-SHA256"] = hmac.sha256 }
local HUB_SIGNED = { "app_key", "app_uuid", "req_uuid", "sig_method", "timestamp" }

-- Base64 with * and - for + and /, without =.
function lib.hub_encode(bytes)
  return (base64.encode(bytes):gsub("[+/=]", TO_HUB))
end

function lib.hub_decode(text)
  return base64.decode(text:gsub("[*-]", FROM_HUB) .. ("="):rep(-#text % 4))
end

-- The signature of a query's fields; nil for a method that there is not.
local function hub_sign(fields, secret)
  local lines, method = {}, HUB_METHODS[fields.sig_method]
  for i, name in ipairs(HUB_SIGNED) do
    lines[i] = name .. "=" .. tostring(fields[name])
  end
  return method and lib.hub_encode(method(secret, table.concat(lines, "&")))
end

-- A lot's account: its own, or the only one there is; nil for a lot that has none.
function lib.hub_account(ctx, lot)
  return ctx.params.app_key and ctx.params or (ctx.params.accounts or {})[lot]
end

-- The signed address of a request; the next one gets another req_uuid.
function lib.hub_url(ctx, account, path)
  local p = ctx.params
  local q = { app_key = account.app_key, app_uuid = p.app_uuid or "parkd", req_uuid = ctx.nonce,
    sig_method = p.sig_method or "HMAC-SHA1", timestamp = tostring(ctx.now // 1000) }
  local query, signature = {}, hub_sign(q, account.app_secret)
  for i, name in ipairs(HUB_SIGNED) do
    query[i] = { name, q[name] }
  end
  query[#query + 1] = { "signature", signature or error { code = "invalid", message = "sig_method " .. q.sig_method } }
  ctx.nonce = random.uuid()
  return url.join(ctx.url, path) .. "?" .. url.form(query)
end

function lib.hub_reply(number, message)
  return lib.reply({ code = tostring(number), msg = message }, number ~= 0 and number or 200)
end

function lib.hub_refuse(code, number, message)
  lib.refuse(code, message, lib.hub_reply(number, message))
end

-- The account that signed what came in.
function lib.hub_signer(ctx, inbound)
  local q = {}
  for _, name in ipairs(HUB_SIGNED) do
    q[name] = inbound.query(name)
  end
  for _, account in pairs(ctx.params.app_key and { ctx.params } or ctx.params.accounts or {}) do
    if account.app_key == q.app_key and hub_sign(q, account.app_secret) == inbound.query("signature") then
      return account
    end
  end
  lib.hub_refuse("auth", 401, "签名错误")
end

-- The static record; coordinates are Baidu's.
function lib.hub_record(ctx, item)
  local fields, size, point = lib.static(ctx, item), item.registered or {}, (item.points or {}).bd09 or {}
  local known = { fullname = item.name, abbrname = not fields.abbrname and item.name or nil, address = item.address,
    phone = item.phone, lng = point.lng, lat = point.lat, space = size.total, bizspace = size.open or size.total }
  for name, value in pairs(known) do
    fields[name] = value
  end
  return lib.class_totals(fields, item, { dsspace = "accessible" })
end

-- Every 2xx is good, unless it says a code that is not.
function lib.hub_check(_, _, response)
  local answer = response.body:match("%S") and lib.decode(response.body) or {}
  local code = answer.code == nil and 0 or count(answer.code) or answer.code
  return lib.judge(code == 200 and 0 or code, 0, answer.msg)
end

return lib
