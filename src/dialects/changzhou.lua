-- SPDX-License-Identifier: MIT
-- Changzhou 常州智慧停车云平台, both ways: a lot's existing client speaks to us as to the city; as a sink we speak it to a city.
--
-- feed    mode push; paths /record/empty.htm /server/heart.htm /park/upsert.htm /record/upsert.htm /bill/upsert.htm /record/img.htm
--         (one known client writes //record/img.htm). apps: {"APPID": {"secret": "…", "lot": "FOREIGN"}}: the messages name no lot,
--         the appid does; without `lot` the lot is called by its appid
-- sink    url: the platform's base address; apps: {"LOT": {"appid": "…", "secret": "…"}}: an account for every lot, as the platform
--         cannot tell apart what comes by one; a lot without an account is not told. city_code: 12 digits, 320400000000 is
--         Changzhou. That client's intervals, meant but never switched on: refresh_s 30, heartbeat_s 60
-- Source: a public client in Java, 2023. Confidence: paths, fields, signature and `success` found, the signature computed. Inferred:
-- one account is one lot; the datum of coordinateX/Y (gcj02 unless `datum` says otherwise); that a refusal, which has words but no
-- code, may be repaired, so it is tried again. Clock: a timestamp in the query (s), not known to be checked; it dates what comes in.
-- Plates, bills and photos are dropped; entries and exits are hints. There is no "unknown" here: an unknown count is not sent, and that
-- lot's heartbeat stops. After an outage the lot's registration goes first, then its newest count, as the platform wants.

-- What the data of each path says of the lot; false: nothing that we keep.
local READ = {
  ["park/upsert.htm"] = false,
  ["bill/upsert.htm"] = false,
  ["record/img.htm"] = false,
  ["record/empty.htm"] = function(data) return { free = data.spaceCount, total = data.totalCount } end,
  ["server/heart.htm"] = function() return { beat = true } end,
  ["record/upsert.htm"] = function(data)
    local way = ({ [0] = "in", [1] = "out" })[count(data.recordType)]
    return way and { [way] = 1, time = time.parse(data.recordTime, lib.TIME) }
  end,
}

local function answer(good, message)
  return lib.reply(json.ordered("success", good, "message", message))
end

-- As Java's URLEncoder writes: '*' stays, '~' does not, a blank is '+'.
local function java(text)
  return (url.encode(text):gsub("%%20", "+"):gsub("%%2A", "*"):gsub("~", "%%7E"))
end

local function sign(appid, secret, encoded, moment)
  return lib.md5(("appid=%s&data=%s&timestamp=%s&version=1.0&secretkey=%s"):format(appid, encoded, moment, secret))
end

-- The text of `data`. Its signature covers what was sent, or what Java would have sent in its place.
local function open(appid, secret, inbound)
  local raw = ("&" .. inbound.body):match("&data=([^&]*)") or ""
  local text, given = url.form_decode("data=" .. raw).data, (inbound.query("sign") or ""):lower()
  local moment = inbound.query("timestamp") or ""
  if given ~= sign(appid, secret, java(text), moment) and given ~= sign(appid, secret, raw, moment) then
    lib.refuse("auth", "wrong signature", answer(false, "签名错误"))
  end
  return text
end

local function receive(ctx, inbound)
  local path, appid = inbound.path:match("[^/]+/[^/]+$") or "", inbound.query("appid") or ""
  local read, app = READ[path], lib.need(ctx, "apps")[appid]
  if read == nil then
    lib.refuse("not_found", "no such path", answer(false, "接口不存在"))
  elseif not app then
    lib.refuse("auth", "no such appid", answer(false, "appid不存在"))
  elseif path == "record/img.htm" then -- multipart: nothing of it is read
    return {}, answer(true, "成功")
  end
  local good, data = pcall(lib.object, open(appid, app.secret, inbound))
  if not good then
    lib.refuse("syntax", "data is no JSON", answer(false, "数据格式错误"))
  end
  local report = read and read(data) or nil
  if report then
    report.lot, report.at = app.lot or appid, "/data"
    report.time = report.time or time.parse(inbound.query("timestamp"), "s")
  end
  return { report }, answer(true, "成功")
end

local function requests(ctx, items, path, make)
  local apps, moment = lib.need(ctx, "apps"), ctx.now // 1000
  return lib.each(items, function(item)
    local app, data = apps[item.lot], make(item)
    if app and data then
      local body = java(json.encode(data))
      local query = { { "appid", app.appid }, { "timestamp", moment }, { "version", "1.0" },
        { "sign", sign(app.appid, app.secret, body, moment) } }
      local request = lib.form_post(url.join(ctx.url, path) .. "?" .. url.form(query), {})
      request.body = "data=" .. body
      return request
    end
  end)
end

local function register(ctx, items)
  return requests(ctx, items, "/park/upsert.htm", function(item)
    local lng, lat = lib.point(ctx, item)
    return json.ordered("parkName", item.name, "rateInfo", item.fee_text or "以现场公示为准",
      "cityCode", lib.need(ctx, "city_code"), "address", item.address, "coordinateX", lng, "coordinateY", lat)
  end)
end

local function push(ctx, items)
  return requests(ctx, items, "/record/empty.htm", function(item)
    local total, _, free = lib.counts(item)
    return free and json.ordered("spaceCount", free, "totalCount", total)
  end)
end

local function beat(ctx, items)
  return requests(ctx, items, "/server/heart.htm", function(item)
    return item.current and item.free and json.ordered()
  end)
end

local function check(_, _, response)
  local said = lib.decode(response.body)
  return (said.success == true or said.success == "true") and "ok" or "retry", tostring(said.message or "no success, no message")
end

return {
  name = "changzhou", interface = "1.2",
  params = { apps = "secrets", city_code = "string?", datum = "string?" },
  receive = receive, register = register, push = push, beat = beat, check = check,
}
