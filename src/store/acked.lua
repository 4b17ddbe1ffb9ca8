-- SPDX-License-Identifier: MIT
-- Raises what a sink has acknowledged; never lowers it.
-- KEYS  1 hash acked:<sink> of one partition
-- ARGV  lot, seq, lot, seq …
local lots = {}
for i = 1, #ARGV, 2 do lots[#lots + 1] = ARGV[i] end
local held = redis.call('HMGET', KEYS[1], unpack(lots))
local hset = {}
for i = 1, #lots do
  local seq = ARGV[2 * i]
  if not held[i] or tonumber(held[i]) < tonumber(seq) then
    hset[#hset + 1] = lots[i]
    hset[#hset + 1] = seq
  end
end
if #hset > 0 then redis.call('HSET', KEYS[1], unpack(hset)) end
return #hset / 2
