-- SPDX-License-Identifier: MIT
-- Hangzhou 城市大脑 v2, both ways: a lot's existing client speaks to us as to the city, and as a sink we speak it to a city.
--
-- feed    mode push; paths /api/v2/cp/uploadParkingState, /api/v2/tcjg/uploadHeartbeat (older clients: /tcjg/api/uploadHeartbeat),
--         …/uploadCarInData, …/uploadCarOutData, …/uploadParkingInfo
-- sink    url: the platform's base address; each lot goes in a request of its own. Lots are registered where info_path says
--         where (/uploadParkingInfo): v2's clients do not, older ones do
-- lot     parkingCode; as a sink parkd's own id, or what `codes` says for it
-- params  public_key: the lot's (feed); private_key: ours (sink); base_path: for counts and heartbeat instead of v2's two; beat_path:
--         of an older heartbeat (/tcjg/api/uploadHeartbeat); static: what parkd cannot know of a lot (regionCode, areaCode,
--         priceType, parkingType …), {"*": of all lots, "LOT": of one};
--         platform_key: opens answers that are encrypted; digest: md5 if not said
-- Source: public clients in PHP and Python. Confidence: paths, fields and cipher found, the cipher tried by round trip; that a platform
-- encrypts its answers found in one client. Plates, photos, payments are dropped. There is no "unknown" here: an unknown count is not
-- sent, and the heartbeat of that lot stops. uploadTime of a state is the time of its change, so that the same state is the same
-- bytes. A private-key cipher hides nothing: use HTTPS.

local function receive(ctx, inbound)
  return lib.brain_receive(ctx, inbound, function(bytes)
    return rsa.public_decrypt(ctx.params.public_key, bytes)
  end)
end

local function tell(ctx, items, path, make)
  return lib.brain_tell(ctx, items, path, function(data)
    return rsa.private_encrypt(ctx.params.private_key, json.encode(json.ordered("data", data)))
  end, make)
end

local function push(ctx, items)
  return tell(ctx, items, (ctx.params.base_path or "/api/v2/cp") .. "/uploadParkingState", lib.brain_counts)
end

local function beat(ctx, items)
  local path = ctx.params.beat_path or (ctx.params.base_path or "/api/v2/tcjg") .. "/uploadHeartbeat"
  return tell(ctx, items, path, function(item)
    return lib.brain_beat(ctx, item)
  end)
end

local function register(ctx, items)
  return ctx.params.info_path and tell(ctx, items, ctx.params.info_path, function(item)
    return lib.brain_info(ctx, item)
  end) or {}
end

return {
  name = "hangzhou",
  interface = "1.2",
  params = { access_id = "string", public_key = "string?", private_key = "secret?", base_path = "string?", beat_path = "string?",
    info_path = "string?", codes = "object?", static = "object?", platform_key = "string?", digest = "string?" },
  max_batch = 16,
  receive = receive,
  register = register,
  push = push,
  beat = beat,
  check = function(ctx, _, response) return lib.brain_check(ctx, response) end,
}
