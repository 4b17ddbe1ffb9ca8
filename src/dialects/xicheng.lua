-- SPDX-License-Identifier: MIT
-- Beijing Xicheng 北京西城 任你停, the new hub, both ways: PUT makes a lot known, POST tells its counts.
--
-- feed    mode push; for each lot the paths /apis/v1/parkings/ID and /apis/v1/parkings/ID/operations
-- sink    url: the base address, which ends in /apis/v1; refresh_s 300; a lot without an account is not told
-- lot     has an account of its own: the hub takes no other ID than the app_key
-- params  accounts: {"LOT": {"app_key", "app_secret", "data_key"}}, or for one lot app_key, app_secret, data_key;
--         data_key: 16, 24 or 32 characters; sig_method: HMAC-SHA1 (if not said) or HMAC-SHA256; static: what parkd cannot know
--         (contact, recordno, isname, issn, muname, musn, ationname, type, street …), {"*": of all lots, "LOT": of one};
--         cars: what in and out say while nobody counts cars (else they are left out)
-- Source: a public client in JavaScript and Python, and its tests. Confidence: paths, fields, signature and cipher found and computed,
-- and that counts are wanted every 5 min and at once when none is free. Inferred: that every 2xx is good unless a `code` other than 0
-- or 200 is in it, and that lat, lng are BD-09 as in the old hub. Timestamps are not checked: how far a clock may be off is not
-- known. There is no heartbeat. in and out are the day's, and move no count here.

local CLASSES = { nespace = "nev", fastpile = "charging_fast", slowpile = "charging_slow" }

-- What is in {"data": …} or data=…
local function open(account, inbound)
  local good, data = pcall(function()
    local body = inbound.body:match("^%s*{") and lib.decode(inbound.body) or url.form_decode(inbound.body)
    return lib.object(aes.decrypt("ecb", account.data_key, lib.hub_decode(body.data)))
  end)
  return good and data or lib.hub_refuse("syntax", 400, "数据格式错误")
end

local function receive(ctx, inbound)
  local id, what = inbound.path:match("/parkings/([^/]+)(/?%a*)$")
  if what ~= "/operations" and what ~= "" then
    lib.hub_refuse("not_found", 404, "接口不存在")
  end
  local account = lib.hub_signer(ctx, inbound)
  if account.app_key ~= id then
    lib.hub_refuse("auth", 401, "停车场编号错误")
  end
  local data = open(account, inbound)
  local report = { lot = id, free = data.freeberth, time = time.parse(data.dotime, "s"), at = "/data" }
  return what == "" and {} or { report }, lib.hub_reply(0, "ok")
end

local function seal(account, business)
  return lib.hub_encode(aes.encrypt("ecb", account.data_key or "", json.encode(business)))
end

local function path_of(account)
  return "/parkings/" .. url.encode(account.app_key)
end

local function register(ctx, items)
  return lib.each(items, function(item)
    local account = lib.hub_account(ctx, item.lot)
    if not account then
      return nil
    end
    local fields = lib.class_totals(lib.hub_record(ctx, item), item, CLASSES)
    fields.id, fields.updatetime = account.app_key, ctx.now // 1000
    local request = lib.json_post(lib.hub_url(ctx, account, path_of(account)), { data = seal(account, fields) })
    request.method = "PUT"
    return request
  end)
end

local function push(ctx, items)
  return lib.each(items, function(item)
    local account = lib.hub_account(ctx, item.lot)
    if not account or not item.free then
      return nil
    end
    local came, left = item.cars_in or ctx.params.cars, item.cars_out or ctx.params.cars
    local business = { "dotime", item.changed // 1000, "freeberth", item.free }
    if came and left then
      business[5], business[6], business[7], business[8] = "in", came, "out", left
    end
    local data = seal(account, json.ordered(table.unpack(business)))
    return lib.form_post(lib.hub_url(ctx, account, path_of(account) .. "/operations"), { { "data", data } })
  end)
end

return {
  name = "xicheng",
  interface = "1.2",
  params = { app_key = "string?", app_secret = "secret?", data_key = "secret?", accounts = "secrets?", app_uuid = "string?",
    sig_method = "string?", static = "object?", cars = "number?" },
  max_batch = 256,
  receive = receive,
  register = register,
  push = push,
  check = lib.hub_check,
}
