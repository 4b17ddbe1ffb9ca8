-- SPDX-License-Identifier: MIT
-- Removes one registration and what hangs on it.
-- KEYS  1 string of a lot, or hash of feeds or sinks  2 highest version  3 set of the partition's lots (lots only)
--       4… hashes with a field of that lot
-- ARGV  1 id
-- Reply: 1 and the version of the removal, or 0 when there was none
local id = ARGV[1]
local held
if KEYS[3] then held = redis.call('GET', KEYS[1]) else held = redis.call('HGET', KEYS[1], id) end
if not held then return { 0, 0 } end
local version = tonumber(string.match(held, '^(%d+) ')) or 0
local time = redis.call('TIME')
local given = tonumber(redis.call('GET', KEYS[2]) or 0)
local new = math.max(version + 1, given + 1, tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000))
redis.call('SET', KEYS[2], string.format('%.0f', new))
if KEYS[3] then
  redis.call('DEL', KEYS[1])
  redis.call('SREM', KEYS[3], id)
else
  redis.call('HDEL', KEYS[1], id)
end
for i = 4, #KEYS do redis.call('HDEL', KEYS[i], id) end
return { 1, new }
