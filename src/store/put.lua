-- SPDX-License-Identifier: MIT
-- Writes one registration if its version is the expected one. Versions never fall, not even over a removal: they take Redis' time
-- and the highest that was given before.
-- KEYS  1 string of a lot, or hash of feeds or sinks  2 highest version  3 set of the partition's lots (lots only)
-- ARGV  1 id  2 document  3 expected version ("0": whatever, "new": must not exist)
-- Reply: 1 and the new version, or 0 and the version held
local id, doc, want = ARGV[1], ARGV[2], ARGV[3]
local held
if KEYS[3] then held = redis.call('GET', KEYS[1]) else held = redis.call('HGET', KEYS[1], id) end
local version = held and tonumber(string.match(held, '^(%d+) ')) or 0
if want == 'new' then
  if held then return { 0, version } end
elseif want ~= '0' and tonumber(want) ~= version then
  return { 0, version }
end
local time = redis.call('TIME')
local given = tonumber(redis.call('GET', KEYS[2]) or 0)
local new = math.max(version + 1, given + 1, tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000))
local text = string.format('%.0f', new)
redis.call('SET', KEYS[2], text)
text = text .. ' ' .. doc
if KEYS[3] then
  redis.call('SET', KEYS[1], text)
  redis.call('SADD', KEYS[3], id)
else
  redis.call('HSET', KEYS[1], id, text)
end
return { 1, new }
