-- SPDX-License-Identifier: MIT
-- Dahua 大华 ICC / DSS (V4), parking lot statistics through its gateway, polled: one feed for all lots of a platform.
--
-- url     https://‹platform›, mostly with a certificate of its own: the feed's tls decides
-- lot     the member that names.lot names
-- params  client_id, client_secret of the application; stat_path: older platforms have /ipms/parkinglot/stat; token_path;
--         names: {list, lot, free, total, occupied}, what the answer calls them: set it by the first real answer
-- Source: public client code in Java. Confidence: only the address of the statistics found, and that an OAuth token is needed, which
-- the vendor's library keeps. Inferred: the token step (client credentials as JSON, the token in data.access_token, then Authorization:
-- bearer), the envelope {success, code "0", errMsg, data}, and every name in the answer. A refusal of an old token leads to one new one.
-- `parkctl feed try` shows what an answer of yours gives; with a fixed token, `generic` and a mapping do the same.

local WORDS = { names = { list = "list", lot = "parkingLotCode", free = "remainSpace", total = "totalSpace", occupied = "usedSpace" } }

local function ask_token(ctx)
  local p = ctx.params
  return lib.json_post(url.join(ctx.url, p.token_path or "/evo-apigw/evo-oauth/1.0.0/oauth/extend/token"),
    { grant_type = "client_credentials", client_id = p.client_id, client_secret = p.client_secret })
end

local function ask_stat(ctx)
  return { url = url.join(ctx.url, ctx.params.stat_path or "/evo-apigw/ipms/parkinglot/stat"),
    headers = { Authorization = "bearer " .. ctx.state.token } }
end

local function poll(ctx)
  return lib.poll_by_token(ctx, ask_token, ask_stat)
end

local function token_of(answer)
  return lib.data(answer).access_token
end

local function decode(ctx, response)
  local answer, request = lib.answered_by_token(ctx, response, "0", ask_token, ask_stat, token_of)
  if not answer then
    return {}, request
  end
  local data, names, reports = lib.data(answer), lib.words(ctx, WORDS).names, {}
  local list, at = data[names.list], "/data/" .. names.list .. "/"
  if not list then
    list, at = (data[1] or next(data) == nil) and data or { data }, "/data/"
  end
  for i, lot in ipairs(list) do
    reports[i] = { lot = lot[names.lot], free = lot[names.free], total = lot[names.total], occupied = lot[names.occupied],
      at = at .. i - 1 }
  end
  return reports
end

return {
  name = "dahua",
  interface = "1.2",
  params = { client_id = "string", client_secret = "secret", token_path = "string?", stat_path = "string?", names = "object?" },
  any_status = true,
  poll = poll,
  decode = decode,
}
