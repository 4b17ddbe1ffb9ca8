-- SPDX-License-Identifier: MIT
-- Guangzhou 广州 DB4401/T 133-2021 公共停车场管理系统数据联网, both ways, as far as the standard is public. Get its text before use.
--
-- feed    mode push, with the three paths; a token from the log-in must come with each message
-- sink    url: the platform's base address; log-in first (clause 11), lot status once a lot (5), free places (9)
-- lot     ParkID: what the platform answers to the lot status, or `codes`, else parkd's own id
-- params  user, password; charset (GB18030 if not said); names, paths, values: what differs from WORDS below; sign_key, digest (md5,
--         sha1, sha256, sm3): sign the body; static: what parkd cannot know (Region, RegionCode, Street, StreetCode, Property,
--         Type, Noen, Noex, CSpace, Coordsys, PortalInfo, ChargingPeriod …), {"*": of all lots, "LOT": of one}
-- Source: published extracts of the standard. Confidence: JSON in GB 18030, the clauses, result and resultObject in the reply, and the
-- names of the lot status found. Inferred: everything in WORDS, hence to be set by params; the token's place in the body; the signature
-- (a header: upper-case digest of body and key; none without sign_key). Bay states, entries, exits, plates are dropped. No heartbeat.

local WORDS = {
  names = { user = "UserName", password = "Password", token = "Token", message = "Message", sign = "Sign", time = "UpTime",
    total = "TSpace", open = "OSpace", free = "FSpace" },
  paths = { login = "/login", lot = "/parkstatus", counts = "/parkspace" },
  values = { good = "0", refused = "1", expired = "401" },
}
local CLASSES = { DSpace = "accessible", FCPile = "charging_fast", SCPile = "charging_slow", RSpace = "bookable" }
local TOKEN_MS = 3600000 -- a token that we give lasts until the end of the next such span

local function encode(ctx, value)
  local name = ctx.params.charset or "GB18030"
  return charset.encode(name, json.encode(value)), "application/json; charset=" .. name
end

local function decode(ctx, bytes)
  return lib.object(charset.decode(ctx.params.charset or "GB18030", bytes) or error { code = "syntax", message = "another charset" })
end

local function sign(ctx, body)
  return ctx.params.sign_key and hex.encode(hash[ctx.params.digest or "md5"](body .. ctx.params.sign_key)):upper() or nil
end

-- The same in every parkd, and after a restart.
local function token_of(ctx, span)
  return hex.encode(hmac.sha256(ctx.params.password, ctx.params.user .. span))
end

local function receive(ctx, inbound)
  local w, span = lib.words(ctx, WORDS), ctx.now // TOKEN_MS
  local function is(what)
    return inbound.path:sub(-#w.paths[what]) == w.paths[what]
  end
  local function answer(result, object)
    local body, content_type = encode(ctx, { result = w.values[result], resultObject = object })
    return { content_type = content_type, body = body }
  end
  local function refuse(code, result, message)
    lib.refuse(code, message, answer(result, { [w.names.message] = message }))
  end
  local good, data = pcall(decode, ctx, inbound.body)
  if not good then
    refuse("syntax", "refused", "数据格式错误")
  elseif sign(ctx, inbound.body) and sign(ctx, inbound.body) ~= inbound.header(w.names.sign) then
    refuse("auth", "refused", "签名错误")
  elseif is("login") then
    local known = data[w.names.user] == ctx.params.user and data[w.names.password] == ctx.params.password
    return {}, known and answer("good", { [w.names.token] = token_of(ctx, span) }) or refuse("auth", "refused", "用户名或密码错误")
  end
  local token, report = data[w.names.token], { lot = data.ParkID, at = "", time = time.parse(data[w.names.time], lib.TIME) }
  if token ~= token_of(ctx, span) and token ~= token_of(ctx, span - 1) then
    refuse("auth", "expired", "请重新登录")
  end
  report.total, report.open, report.free = data[w.names.total], data[w.names.open], data[w.names.free]
  return is("counts") and { report } or {}, answer("good", { ParkID = data.ParkID })
end

-- Logs in while there is no token, else makes a request for each item, with it.
local function tell(ctx, items, path, make)
  local w, token = lib.words(ctx, WORDS), ctx.state.token
  local function request(to, fields)
    local body, content_type = encode(ctx, fields)
    return { method = "POST", url = url.join(ctx.url, to), body = body,
      headers = { ["Content-Type"] = content_type, [w.names.sign] = sign(ctx, body) } }
  end
  if not token then
    return { first = request(w.paths.login, { [w.names.user] = ctx.params.user, [w.names.password] = ctx.params.password }) }
  end
  return lib.each(items, function(item)
    local fields = make(item, w.names)
    if fields then
      fields.ParkID, fields[w.names.token] = math.tointeger(item.code:match("^[1-9]%d*$")) or item.code, token
    end
    return fields and request(w.paths[path], fields)
  end)
end

local function register(ctx, items)
  return tell(ctx, items, "lot", function(item, names)
    local fields, size = lib.class_totals(lib.static(ctx, item), item, CLASSES), item.registered or {}
    fields.Name, fields.Addr, fields.OpeningHours = item.name, item.address or fields.Addr, item.hours_text or fields.OpeningHours
    fields[names.total], fields[names.open] = size.total, size.open
    return fields
  end)
end

local function push(ctx, items)
  return tell(ctx, items, "counts", function(item, names)
    local total, open, free = lib.counts(item)
    return total and { [names.total] = total, [names.open] = open, [names.free] = free, [names.time] = time.format(item.changed, lib.TIME) }
  end)
end

local function check(ctx, asked, response)
  local answer, w = decode(ctx, response.body), lib.words(ctx, WORDS)
  local result, object = tostring(answer.result), lib.object(answer.resultObject or {})
  if result == w.values.good then
    ctx.state.token = asked.part == "first" and object[w.names.token] or ctx.state.token
    return { all = "ok", codes = { asked.part == "register" and object.ParkID and tostring(object.ParkID) or nil } }
  end
  ctx.state.token = result ~= w.values.expired and ctx.state.token or nil
  local stop = asked.part == "first" and result == w.values.refused
  return stop and "pause" or "retry", result .. ": " .. tostring(object[w.names.message] or "no message")
end

return { name = "guangzhou", interface = "1.2", receive = receive, register = register, push = push, check = check,
  params = { user = "string", password = "secret", charset = "string?", names = "object?", paths = "object?", values = "object?",
    sign_key = "secret?", digest = "string?", static = "object?", codes = "object?" } }
