-- SPDX-License-Identifier: MIT
-- Tells of a changed registration. Entries are numbered, so that a reader sees when it missed some.
-- KEYS  1 stream of registrations
-- ARGV  1 instance  2 noun  3 id  4 version  5 document, "" for a removal
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
local n = last and tonumber(last[2][4]) or 0
return redis.call('XADD', KEYS[1], 'MAXLEN', '~', 4096, '*', 'by', ARGV[1], 'n', string.format('%.0f', n + 1),
                  'noun', ARGV[2], 'id', ARGV[3], 'version', ARGV[4], 'doc', ARGV[5])
