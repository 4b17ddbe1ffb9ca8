-- SPDX-License-Identifier: MIT
-- Xuzhou 徐州市交控, both ways: a lot's existing client speaks to us as to the city, and as a sink we speak it to the city.
--
-- feed    mode push; paths /api/outer/postPlaceData …/postParkInfo …/postOuterCarPassInData …/postOuterCarPassOutData
--         …/postParkDevice …/postPic …/postModifyCarNo. A lot is called by its thirdParkCode: that is the parkCode we answer
-- sink    url: http://server:port, under which the URI /api/outer/… stands; a lot is what the platform called it when it was
--         registered (data.parkCode), or what `codes` says, for lots that it knows already (postType 2, a change); no heartbeat is
--         known, so a sink here wants refresh_s
-- Source: a public client in Java. Confidence: paths, fields, token and code 0/-1 found, the token computed (MD5 in lower case; either is
-- taken). Inferred: isPayMonth (0, or what `static` says: {"*": {"isPayMonth": 1}, "LOT": …}), the datum (gcj02 unless `datum` says
-- otherwise), and that -1 may mean anything: it is tried again. Clock: `time` (ms) is in each message, not known to be checked;
-- createTime dates the counts. The token covers the numbers exactly as they were sent, so it is compared over the text, not over what
-- was read of it. Plates, pictures, payments and on-street berths (/api/inner/…) are dropped; entries and exits are hints.
-- postParkDevice is wanted daily, for devices that parkd does not know: not sent. An unknown count is not sent.

local KNOWN = {
  postParkInfo = true, postParkDevice = true, postPlaceData = true, postOuterCarPassInData = true, postOuterCarPassOutData = true,
  postOuterCarPrePassOutData = true, postPic = true, postModifyCarNo = true, payBillInfo = true,
}

local function answer(code, message, data)
  return lib.reply(json.ordered("code", code, "msg", message, "data", data or json.null))
end

local function token(path, text, secret)
  return lib.md5(path .. text .. secret)
end

-- The members by name, each as it was sent.
local function canonical(body)
  local members, out = lib.members(body), {}
  table.sort(members, function(a, b) return a.key < b.key end)
  for i, member in ipairs(members) do
    out[i] = '"' .. member.key .. '":' .. member.raw
  end
  return "{" .. table.concat(out, ",") .. "}"
end

local function report_of(what, data)
  local report = { lot = data.parkCode, at = "" }
  if what == "postPlaceData" then
    report.free, report.total = data.reducePlaceCount, data.totalPlaceCount
    report.time = time.parse(data.createTime, lib.TIME)
    return report
  end
  local kind = what:match("^postOuterCarPass") and count(data.actType)
  report.time = kind and time.parse(data.actTime, lib.TIME) or nil
  report["in"], report.out = kind == 1 and 1 or nil, kind == 2 and 1 or nil
  return (report["in"] or report.out) and report
end

local function receive(ctx, inbound)
  local path = inbound.path:match("/api/.*$") or inbound.path
  local what = path:match("[^/]+$") or ""
  if not KNOWN[what] then
    lib.refuse("not_found", "no such path", answer(-1, "接口不存在"))
  end
  local good, data = pcall(lib.decode, inbound.body)
  if not good or type(data) ~= "table" then
    lib.refuse("syntax", "the body is no JSON object", answer(-1, "参数格式错误"))
  elseif data.appkey ~= ctx.params.appkey then
    lib.refuse("auth", "another appkey", answer(-1, "appkey错误"))
  elseif (inbound.query("token") or ""):lower() ~= token(path, canonical(inbound.body), ctx.params.secret) then
    lib.refuse("auth", "wrong token", answer(-1, "token错误"))
  elseif what == "postParkInfo" then
    return {}, answer(0, "成功", { parkCode = data.thirdParkCode })
  end
  local report = report_of(what, data)
  return report and { report } or {}, answer(0, "成功")
end

local function requests(ctx, items, name, make)
  local path = "/api/outer/" .. name
  return lib.each(items, function(item)
    local data = make(item)
    if data then
      data.appkey, data.time = ctx.params.appkey, ctx.now
      local body = json.encode(data)
      return lib.json_post(url.join(ctx.url, path) .. "?token=" .. token(path, body, ctx.params.secret), body)
    end
  end)
end

local function register(ctx, items)
  return requests(ctx, items, "postParkInfo", function(item)
    local fields, known = lib.static(ctx, item), item.filed or item.code ~= item.lot
    fields.postType, fields.thirdParkCode, fields.thirdParkName = known and 2 or 1, item.lot, item.name
    fields.longitude, fields.latitude = lib.point(ctx, item)
    fields.address, fields.isPayMonth = item.address or item.name, fields.isPayMonth or 0
    fields.totalPlaceCount = item.registered.total or item.registered.open
    return fields
  end)
end

local function push(ctx, items)
  return requests(ctx, items, "postPlaceData", function(item)
    local total, _, free = lib.counts(item)
    return free and { parkCode = item.code, createTime = time.format(item.changed, lib.TIME),
      totalPlaceCount = total, reducePlaceCount = free }
  end)
end

local function check(ctx, request, response)
  local said = lib.decode(response.body)
  local verdict, words = lib.judge(said.code, 0, said.msg)
  if verdict == "ok" and request.part == "register" and said.data then
    return { all = "ok", codes = { lib.object(said.data).parkCode } }
  end
  return verdict, words
end

return {
  name = "xuzhou", interface = "1.2",
  params = { appkey = "string", secret = "secret", codes = "object?", static = "object?", datum = "string?" },
  receive = receive, register = register, push = push, check = check,
}
