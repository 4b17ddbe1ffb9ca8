-- SPDX-License-Identifier: MIT
-- Raises what a sink has acknowledged; never lowers it. Under the same number another text may come.
-- KEYS  1 hash of one partition: acked, filed or told of a sink
-- ARGV  lot, "<number>" or "<number> <text>", lot …
local function number(value) return tonumber(string.match(value, '^%d+')) end

local lots = {}
for i = 1, #ARGV, 2 do lots[#lots + 1] = ARGV[i] end
local held = redis.call('HMGET', KEYS[1], unpack(lots))
local best, hset = {}, {} -- a lot may be named twice
for i = 1, #lots do
  local lot, new = lots[i], ARGV[2 * i]
  local old = best[lot] or held[i]
  if not old or (number(new) >= number(old) and new ~= old) then
    best[lot] = new
    hset[#hset + 1] = lot
    hset[#hset + 1] = new
  end
end
if #hset > 0 then redis.call('HSET', KEYS[1], unpack(hset)) end
return #hset / 2
