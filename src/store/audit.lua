-- SPDX-License-Identifier: MIT
-- Appends to the audit trail if its head is the expected one, so that two parkd cannot fork the chain.
-- KEYS  1 stream  2 hash of the head: n, hash
-- ARGV  1 expected hash of the head ("": none yet)  2 oldest entry to keep, ms  3… entry, hash of it, pairs
-- Reply: 1 and the last number, or 0, the number and the hash of the head as it stands
local head = redis.call('HMGET', KEYS[2], 'n', 'hash')
local n, hash = tonumber(head[1] or 0), head[2] or ''
if hash ~= ARGV[1] then return { 0, n, hash } end
for i = 3, #ARGV, 2 do
  n = n + 1
  redis.call('XADD', KEYS[1], '*', 'n', string.format('%.0f', n), 'prev', hash, 'hash', ARGV[i + 1], 'entry', ARGV[i])
  hash = ARGV[i + 1]
end
redis.call('HSET', KEYS[2], 'n', string.format('%.0f', n), 'hash', hash)
redis.call('XTRIM', KEYS[1], 'MINID', '~', ARGV[2])
return { 1, n, hash }
