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

local CODES, WORDS = { "code", "resCode", "resultCode", "result_code" }, { "msg", "message", "resMsg", "resultMsg", "errMsg" }

local function first_text(object, names)
  for _, name in ipairs(names) do
    if object[name] ~= nil then
      return tostring(object[name])
    end
  end
end

-- What a vendor answered; where it is no success, its code (not `good`, a text) and its words are the error. Dialects with
-- `any_status` hear a refusal's words also where its status is none of success.
function lib.answered(response, good)
  local read, answer = pcall(lib.decode, response.body)
  local object = read and type(answer) == "table" and answer or {}
  local code, words = first_text(object, CODES), first_text(object, WORDS)
  local said = (code or "no code") .. ": " .. (words or "no words")
  if response.status // 100 ~= 2 then
    error { code = "refused", message = "answered HTTP " .. response.status .. (code and ", " .. said or "") }
  elseif not read then
    error(answer)
  elseif code ~= good then
    error { code = "refused", message = said }
  end
  return object
end

-- What an answer carries, as an object or as the text of one.
function lib.data(answer)
  return lib.object(answer.data == nil and error { code = "protocol", message = "no data in the answer" } or answer.data)
end

-- A poll that needs a token: log_in(ctx) asks for one, query(ctx) for the lots.
function lib.poll_by_token(ctx, log_in, query)
  ctx.state.fresh = false
  return ctx.state.token and query(ctx) or log_in(ctx)
end

-- The query's answer, or nil and the request to go on with. take(answer) finds the token. A refusal of an old token leads to one new
-- log-in; of a new one it is the poll's failure.
function lib.answered_by_token(ctx, response, good, log_in, query, take)
  local state = ctx.state
  local fine, answer = pcall(lib.answered, response, good)
  local worn = state.token and not state.fresh and response.status < 500
  if not fine then
    state.token = nil
    return nil, worn and log_in(ctx) or error(answer)
  elseif state.token then
    return answer
  end
  state.token, state.fresh = take(answer) or error { code = "protocol", message = "a log-in without a token" }, true
  return nil, query(ctx)
end

-- ---- polls that ask lot by lot

lib.MOST_TURNS = 9 -- a poll may ask eight further times

-- Begins the round: `only` this lot, else all of the feed.
function lib.take_turns(ctx, only)
  local lots = { only }
  for _, lot in ipairs(only and {} or ctx.lots) do
    table.insert(lots, lot.foreign)
  end
  if #lots == 0 or #lots > lib.MOST_TURNS then
    error { code = "invalid", message = #lots .. " lots for this feed: 1 to " .. lib.MOST_TURNS .. " can be asked for in one poll" }
  end
  ctx.state.turn = { lots = lots, at = 1, good = false }
end

-- The lot that is asked for, or was just answered.
function lib.turn(ctx)
  return ctx.state.turn.lots[ctx.state.turn.at]
end

-- What the answer gives: `what` is the report if all was `fine`, else the error; and whether there is a lot left to be asked for.
-- A refusal costs only its lot, unless there is no other that was answered.
function lib.next_turn(ctx, fine, what)
  local turn, reports = ctx.state.turn, {}
  if fine then
    reports[1], turn.good = what, true
  elseif turn.at == #turn.lots and not turn.good then
    error(what)
  else
    reports[1] = { fault = type(what) == "table" and what.message or "not answered", lot = lib.turn(ctx), at = "/data" }
  end
  turn.at = turn.at + 1
  return reports, turn.at <= #turn.lots
end

-- The poll and the decode of a vendor that is asked lot by lot: ask(ctx, lot) makes the request, read(lot, response) gives its report.
function lib.by_turns(ask, read)
  return function(ctx)
    lib.take_turns(ctx)
    return ask(ctx, lib.turn(ctx))
  end, function(ctx, response)
    local reports, more = lib.next_turn(ctx, pcall(read, lib.turn(ctx), response))
    return reports, more and ask(ctx, lib.turn(ctx)) or nil
  end
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

-- The members of a message as what is signed: those that are texts as these (JSON in a text, too), all others as they were written.
function lib.written(body, message)
  local fields = {}
  for _, member in ipairs(lib.members(body)) do
    local name = text.trim(member.key)
    fields[name] = type(message[name]) == "string" and message[name] or member.raw
  end
  return fields
end

-- ---- answers

function lib.reply(value, status)
  return { status = status, content_type = JSON, body = json.encode(value) }
end

-- Ends a `receive` with the reply that the sender expects then.
function lib.refuse(code, message, reply)
  error { code = code, message = message, reply = reply }
end

-- For messages that no signature protects: the feed itself must have been told who may send them.
function lib.guarded(ctx, reply)
  if ctx.unguarded then
    lib.refuse("auth", "this protocol has no signature: register a bearer key, a secret in the URL or an address in the feed's auth", reply)
  end
end

-- The fields of a form, as url-encoded text or in parts; files that stand between them are left out.
function lib.form(inbound)
  local mark = (inbound.content_type or ""):match('^multipart/form%-data.*boundary="?([^";]+)')
  if not mark then
    return url.form_decode(inbound.body)
  end
  local fields, at, body = {}, 1, "\r\n" .. inbound.body
  while true do
    local _, from = body:find("\r\n--" .. mark, at, true)
    local upto = from and body:find("\r\n--" .. mark, from, true)
    if not upto then
      return fields
    end
    local head, value = body:sub(from + 1, upto - 1):match("^\r\n(.-)\r\n\r\n(.*)$")
    local name = head and not head:find("filename", 1, true) and head:match('[%s;]name="([^"]*)"')
    if name then
      fields[name] = value
    end
    at = upto
  end
end

local SEEN = 128 -- messages remembered: some hours of one lot

-- Whether `whose` message of this mark is "new", "again" (its newest once more: it may be the one that could not be stored), or nothing:
-- an older one once more, to be ignored. Remembers it.
function lib.novelty(ctx, whose, mark)
  local seen, owner = ctx.state.seen or {}, lib.md5(tostring(whose)):sub(1, 8)
  local one, newest, known = owner .. lib.md5(tostring(mark)):sub(1, 16), nil, false
  for _, old in ipairs(seen) do
    newest = old:sub(1, 8) == owner and old or newest
    known = known or old == one
  end
  if known then
    return newest == one and "again" or nil
  end
  table.insert(seen, one)
  if #seen > SEEN then
    table.remove(seen, 1)
  end
  ctx.state.seen = seen
  return "new"
end

-- An object that came in; lib.refuse with the reply of `refusal`, if it is none.
function lib.arrived(inbound, refusal)
  local good, value = pcall(lib.object, inbound.body)
  return good and value or lib.refuse("syntax", "the body is no JSON object", refusal)
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

-- ---- signatures of vendors that have more than one protocol

-- 4pyun's, of fields or of a body as it is sent. `empty`: fields without a value take part too.
function lib.pyun_sign(signed, secret, empty)
  if empty then
    local lines = {}
    for name in pairs(signed) do
      lines[#lines + 1] = name ~= "sign" and name or nil
    end
    table.sort(lines)
    for i, name in ipairs(lines) do
      lines[i] = name .. "=" .. tostring(signed[name])
    end
    signed = table.concat(lines, "&")
  elseif type(signed) == "table" then
    signed = lib.sorted(signed, { sign = true })
  end
  return lib.MD5(signed .. "&app_secret=" .. secret)
end

-- Bolink's, of the text of `data` as it is sent or of older protocols' fields: no '&' before the key.
function lib.bolink_sign(signed, key)
  return lib.MD5((type(signed) == "table" and lib.sorted(signed, { sign = true }) or signed) .. "key=" .. key)
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

-- Longitude and latitude in the datum that `params.datum` names (gcj02 if none), to a tenth of a metre; nothing without a point.
function lib.point(ctx, item)
  local point = (item.points or {})[ctx.params.datum or "gcj02"]
  if point then
    return math.floor(point.lng * 1e6 + 0.5) / 1e6, math.floor(point.lat * 1e6 + 0.5) / 1e6
  end
end

-- Sets `fields` by the totals of classes of places, where they are known; names: {field = class}.
function lib.class_totals(fields, item, names)
  for name, class in pairs(names) do
    fields[name] = ((item.classes or {})[class] or {}).total or fields[name]
  end
  return fields
end

-- ---- Hangzhou's messages, which Qingdao signs alike and encrypts otherwise

local BRAIN_COUNTS = { uploadParkingState = true, uploadCarInData = true, uploadCarOutData = true }
local BRAIN_OTHERS = { uploadPhoto = true, uploadPayRecord = true, uploadParkingInfo = true, uploadMonthlyFee = true }

function lib.brain_answer(code, message)
  return lib.reply { resultCode = code, msg = message }
end

function lib.brain_refuse(code, number, message)
  lib.refuse(code, message, lib.brain_answer(number, message))
end

-- Checks the signature over the Base64 text, then opens it by open(bytes). Some clients forget to encode the '+' of Base64 in the form.
local function brain_open(ctx, inbound, open)
  local form, digest = url.form_decode(inbound.body), ctx.params.digest or "md5"
  local cipher, sign = (form.cipher or ""):gsub(" ", "+"), base64.decode((form.sign or ""):gsub(" ", "+"))
  if form.accessID ~= ctx.params.access_id or not sign or not rsa.verify(digest, lib.need(ctx, "public_key"), cipher, sign) then
    lib.brain_refuse("auth", 401, "签名错误")
  end
  local good, data = pcall(function()
    return lib.object(lib.object(open(base64.decode(cipher))).data)
  end)
  return good and data or lib.brain_refuse("syntax", 400, "数据格式错误")
end

function lib.brain_receive(ctx, inbound, open)
  local what = inbound.path:match("[^/]+$") or ""
  if not (BRAIN_COUNTS[what] or BRAIN_OTHERS[what] or what == "uploadHeartbeat") then
    lib.brain_refuse("not_found", 404, "接口不存在")
  end
  local data = brain_open(ctx, inbound, open)
  local report = { lot = data.parkingCode, time = time.parse(data.uploadTime, lib.TIME), at = "/data" }
  if BRAIN_COUNTS[what] then
    report.total, report.open, report.free = data.totalBerthNum, data.openBerthNum, data.freeBerthNum
  elseif what == "uploadHeartbeat" then
    report.beat = true
  end
  return BRAIN_OTHERS[what] and {} or { report }, lib.brain_answer(200, "成功")
end

-- One request an item. close(text) encrypts; make(item) gives the fields, or nothing.
function lib.brain_tell(ctx, items, path, close, make)
  local key = lib.need(ctx, "private_key")
  return lib.each(items, function(item)
    local data = make(item)
    if data then
      local cipher = base64.encode(close(data))
      return lib.form_post(url.join(ctx.url, path), { { "accessID", ctx.params.access_id }, { "cipher", cipher },
        { "sign", base64.encode(rsa.sign(ctx.params.digest or "md5", key, cipher)) } })
    end
  end)
end

function lib.brain_counts(item)
  local total, open, free = lib.counts(item)
  return total and json.ordered("parkingCode", item.code, "totalBerthNum", total, "openBerthNum", open, "freeBerthNum", free,
    "uploadTime", time.format(item.changed, lib.TIME))
end

function lib.brain_beat(ctx, item)
  return item.current and item.free and json.ordered("parkingCode", item.code, "uploadTime", time.format(ctx.now, lib.TIME))
end

-- What a lot is: `static` (priceType, parkingPattern, parkingType, regionCode …), then what parkd knows; both maps' coordinates.
function lib.brain_info(ctx, item)
  local fields, points = lib.static(ctx, item), item.points or {}
  local size, bd09, gcj02 = item.registered, points.bd09 or {}, points.gcj02 or {}
  local known = { parkingCode = item.code, parkingName = item.name, address = item.address, feeScale = item.fee_text,
    openTime = item.hours_text, totalBerthNum = size.total, openBerthNum = size.open or size.total, bmapX = bd09.lng, bmapY = bd09.lat,
    gmapX = gcj02.lng, gmapY = gcj02.lat, uploadTime = time.format(ctx.now, lib.TIME) }
  for name, value in pairs(known) do
    fields[name] = value
  end
  return lib.class_totals(fields, item, { chargeTotalNum = "charging" })
end

-- The answer may be encrypted by the platform's private key: its public one is then `platform_key`.
function lib.brain_check(ctx, response)
  local body, key = response.body, ctx.params.platform_key
  local sealed = key and not body:match("^%s*[{\"]") and base64.decode(text.trim(body))
  local answer = lib.object(lib.decode(sealed and rsa.public_decrypt(key, sealed) or body))
  local code, words = count(answer.resultCode), tostring(answer.msg or "no resultCode that we know, and no msg")
  if code == 200 then
    return "ok"
  elseif code == 401 or code == 403 then
    return "pause", words
  end
  return code and code < 500 and "reject" or "retry", words
end

-- ---- templates: what a platform wants to read, said by params

-- RFC 3339 with milliseconds.
function lib.iso(ms)
  return time.format(ms, "%Y-%m-%dT%H:%M:%S", "UTC") .. string.format(".%03dZ", ms % 1000)
end

local function moment(ms, format)
  if format == "iso" then
    return lib.iso(ms)
  end
  return format == "s" and ms // 1000 or time.format(ms, format)
end

local function written(value, filters)
  for filter in filters:gmatch("|([^|]+)") do
    if filter == "url" or filter == "text" then
      local bare = value == json.null and "" or tostring(value)
      return filter == "url" and url.encode(bare) or bare
    end
    value = moment(value, filter)
  end
  return json.encode(value)
end

-- {name} as JSON, {name|text} bare, {name|url} escaped, {name|s}, {name|iso}, {name|%Y…} of a time in ms; {items} as it is. {{ is a
-- brace, and so is what names no field.
function lib.fill(template, fields)
  return (template:gsub("{{", "\1"):gsub("{([%w_]+)(|?[^{}\"]*)}", function(name, filters)
    return name == "items" and fields.items or fields[name] ~= nil and written(fields[name], filters) or nil
  end):gsub("\1", "{"))
end

-- What a JSON pointer names; nil: nothing.
function lib.at(value, pointer)
  for key in (pointer or ""):gmatch("/([^/]+)") do
    value = type(value) == "table" and (value[key] or value[(count(key) or -1) + 1]) or nil
  end
  return value
end

-- Is the value one of the list? "0" is 0.
function lib.has(list, value)
  for _, one in ipairs(list or {}) do
    if tostring(one) == tostring(value) then
      return true
    end
  end
  return false
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
