-- SPDX-License-Identifier: MIT
-- Qingdao 青岛, both ways: Hangzhou's messages, encrypted for the receiver. The best guess for a platform in Shandong.
--
-- feed    mode push; paths /uploadParkingState, /uploadHeartbeat, /uploadParkingInfo, … under any prefix
-- sink    url: the platform's base address, under which the messages stand directly; each lot goes in a request of its own, after its
--         registration (uploadParkingInfo)
-- lot     parkingCode, like 370200240426LLDAch; as a sink parkd's own id, or what `codes` says for it
-- params  public_key: the other side's (feed: the lot's, which signs; sink: the platform's, for which is encrypted); private_key: our
--         own (feed: opens; sink: signs); digest: of the signature, md5 if not said; static: what parkd cannot know of a lot
--         (regionCode 370281, areaCode 01 市南 02 市北 03 黄岛 04 崂山 05 李沧 06 城阳 07 即墨 08 胶州 09 平度 10 莱西, priceType,
--         parkingType …), {"*": of all lots, "LOT": of one}; register: false where lots are filed by hand
-- Source: a public client in Java. Confidence: cipher, the JSON text inside JSON, fields and codes found; the digest (MD5 as in Hangzhou),
-- the way in and the answers inferred. One client of this city sends the constant text "0" for freeBerthNum: register such a lot's
-- feed by `generic`, or the lot will look full. Plates, photos, payments are dropped; an unknown count is not sent.

local function receive(ctx, inbound)
  local key = lib.need(ctx, "private_key")
  return lib.brain_receive(ctx, inbound, function(bytes)
    return rsa.private_decrypt(key, bytes)
  end)
end

local function tell(ctx, items, path, make)
  local key = lib.need(ctx, "public_key")
  return lib.brain_tell(ctx, items, path, function(data)
    return rsa.public_encrypt(key, json.encode { data = json.encode(data) })
  end, make)
end

return {
  name = "qingdao",
  interface = "1.2",
  params = { access_id = "string", public_key = "string", private_key = "secret", digest = "string?", codes = "object?",
    static = "object?", register = "boolean?" },
  max_batch = 16,
  receive = receive,
  register = function(ctx, items)
    return ctx.params.register ~= false and tell(ctx, items, "/uploadParkingInfo", function(item)
      return lib.brain_info(ctx, item)
    end) or {}
  end,
  push = function(ctx, items)
    return tell(ctx, items, "/uploadParkingState", lib.brain_counts)
  end,
  beat = function(ctx, items)
    return tell(ctx, items, "/uploadHeartbeat", function(item) return lib.brain_beat(ctx, item) end)
  end,
  check = function(ctx, _, response) return lib.brain_check(ctx, response) end,
}
