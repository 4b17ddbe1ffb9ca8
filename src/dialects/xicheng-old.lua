-- SPDX-License-Identifier: MIT
-- Beijing Xicheng 北京西城, the hub before 任你停 (api.bjpgis.com), both ways: ParkInfo once a lot, ParkData with its counts.
--
-- feed    mode push; paths /parkinfo and /parkdata, or as `paths` says
-- sink    url: https://api.bjpgis.com; each lot goes in a request of its own; a lot without an account in none
-- lot     has an account of its own: no message names it, the app_key does
-- params  accounts: {"LOT": {"app_key", "app_secret"}}, or for one lot app_key, app_secret; sig_method, static, cars as for
--         xicheng; paths: {"info", "data"}
-- Source: the page of a Go package. Confidence: base address, fields, Baidu coordinates, plate UNKNOWN and that ParkInfo goes first are
-- found. Inferred: the paths, JSON as it stands, signing and success as the new hub's (a sister package of the same author has an
-- app key, a secret and an app uuid too), and `inout` 1 where no car is told of. in and out are the day's, and move no count here.
-- Plates are dropped. There is no heartbeat.

local WORDS = { paths = { info = "/parkinfo", data = "/parkdata" } }

local function receive(ctx, inbound)
  local paths = lib.words(ctx, WORDS).paths
  local is_info, is_data = inbound.path:sub(-#paths.info) == paths.info, inbound.path:sub(-#paths.data) == paths.data
  if not is_info and not is_data then
    lib.hub_refuse("not_found", 404, "接口不存在")
  end
  local account = lib.hub_signer(ctx, inbound)
  local good, data = pcall(lib.object, inbound.body)
  if not good then
    lib.hub_refuse("syntax", 400, "数据格式错误")
  end
  local report = { lot = account.app_key, free = data.free, time = time.parse(data.dotime, "s"), at = "" }
  return is_data and { report } or {}, lib.hub_reply(0, "ok")
end

local function tell(ctx, items, path, make)
  return lib.each(items, function(item)
    local account = lib.hub_account(ctx, item.lot)
    local data = account and make(item)
    return data and lib.json_post(lib.hub_url(ctx, account, path), data) or nil
  end)
end

return {
  name = "xicheng-old",
  interface = "1.2",
  params = { app_key = "string?", app_secret = "secret?", accounts = "secrets?", app_uuid = "string?", sig_method = "string?",
    static = "object?", cars = "number?", paths = "object?" },
  max_batch = 256,
  receive = receive,
  register = function(ctx, items)
    return tell(ctx, items, lib.words(ctx, WORDS).paths.info, function(item) return lib.hub_record(ctx, item) end)
  end,
  push = function(ctx, items)
    return tell(ctx, items, lib.words(ctx, WORDS).paths.data, function(item)
      local cars = ctx.params.cars
      return item.free and { ["in"] = item.cars_in or cars, out = item.cars_out or cars, free = item.free,
        plateid = "UNKNOWN", inout = 1, dotime = item.changed // 1000 }
    end)
  end,
  check = lib.hub_check,
}
