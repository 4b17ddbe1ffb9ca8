-- SPDX-License-Identifier: MIT
-- Bolink 泊链, the query of a lot's free places (V10), polled: Bolink passes the question on to the lot's own system.
--
-- url     http://yun.bolink.club (to try: http://test.bolink.club)
-- lot     comid; a poll asks lot by lot, at most nine
-- params  union_id; key: the lot's ckey, or keys: {"COMID": "ckey"}, as every lot has its own
-- Source: Bolink's public documentation (apis/992449). Confidence: path, fields, both Base64 texts and the signature found; computed
-- against our own vector, as the document's own signs do not reproduce. Its sample answer carries the sign of the request, so an answer's
-- sign is not checked. Times are s. The answer has no time: it counts from when it is read.

local function ask(ctx, lot)
  local key = (ctx.params.keys or {})[lot] or ctx.params.key
    or error { code = "missing", message = "no key is registered for " .. lot }
  local data = json.encode(json.ordered("comid", lot, "union_id", ctx.params.union_id, "query_time", ctx.now // 1000))
  local text = ('{"data":%s,"sign":"%s"}'):format(data, lib.bolink_sign(data, key))
  return lib.json_post(url.join(ctx.url, "/zld/openservice/getparkempty"), base64.encode(text), { ["Content-Type"] = "text/plain" })
end

local function read(lot, response)
  if response.status // 100 ~= 2 then
    error { code = "refused", message = "answered HTTP " .. response.status }
  end
  local data = lib.object(lib.object(text.trim(response.body)).data)
  if count(data.state) ~= 1 then
    error { code = "refused", message = tostring(data.state or "no state") .. ": " .. tostring(data.message or data.errmsg or "no words") }
  end
  local empty = lib.object(data.empty_data)
  return { lot = lot, free = empty.empty_total, total = empty.carport_total, at = "/data/empty_data" }
end

local poll, decode = lib.by_turns(ask, read)

return {
  name = "bolink-query",
  interface = "1.2",
  params = { union_id = "string", key = "secret?", keys = "secrets?" },
  any_status = true,
  poll = poll,
  decode = decode,
}
