-- SPDX-License-Identifier: MIT
-- Takes, extends or gives back a lease.
-- KEYS  1 lease   ARGV  1 instance  2 ms to hold, "0" to give back
-- Reply: 0 when it is the caller's (or given back), else ms until the other's ends
local owner = redis.call('GET', KEYS[1])
if owner and owner ~= ARGV[1] then return math.max(1, redis.call('PTTL', KEYS[1])) end
if ARGV[2] == '0' then
  if owner then redis.call('DEL', KEYS[1]) end
else
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
end
return 0
