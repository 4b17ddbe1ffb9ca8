-- SPDX-License-Identifier: MIT
-- Takes, extends or gives back a lease. Its record is "<instance> <number>", and the number rises with each extension: who waits for it
-- sees by its own clock that nobody extends it, and after a removal it begins at Redis' time, not anew. The time to live only clears away what nobody wants any more, because Redis' clock may
-- step. A record without a number is that of an older parkd and ends with its time to live.
-- KEYS  1 lease
-- ARGV  1 instance  2 ms to live, "0" to give back  3 record that was watched for long enough and may be taken over, "" none; or the
--       one that is given back: a call that was lost on its way and arrives later must not give back what was taken anew
-- Reply: the record as it stands, "" none
local record = redis.call('GET', KEYS[1])
local owner, number = string.match(record or '', '^(%S+) ?(%d*)$')
if ARGV[2] == '0' then
  if record == ARGV[3] then redis.call('DEL', KEYS[1]) end
  return ''
end
if owner and owner ~= ARGV[1] and (number == '' or record ~= ARGV[3]) then return record end
local time = redis.call('TIME')
local new = math.max((tonumber(number) or 0) + 1, tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000))
record = string.format('%s %.0f', ARGV[1], new)
redis.call('SET', KEYS[1], record, 'PX', ARGV[2])
return record
