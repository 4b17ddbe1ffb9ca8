-- SPDX-License-Identifier: MIT
-- Decides updates of readings: newer? changed? what number? Writes state, minute series and change feed.
--
-- KEYS  1 state  2 changes  3 counter of changes  4… day strings, hashes of cars
-- ARGV  1 now, ms  2 instance  3 length of the feed  4 seconds to keep a day string  5 number of updates, then for each:
--         op (S set, B beat, C compare and set)  lot  highest seq the caller knows  expected seq  expected obs  chg  obs  sseq
--         head from " rcv=" on  visible text  number of samples, then for each: index in KEYS  offset  two bytes ("": what is held)
--         number of days with cars, then for each: index in KEYS  cars in  cars out
-- Reply per update: code (0 OK, 1 TOUCH, 2 DUP, 3 OLD, 4 GONE, 5 RACE)  seq held now  chg held now  record ("" unless OLD, RACE or B,
-- or when its observation is not the caller's)
--
-- Reads and checks come first, writes last: there is no rollback. The caller has checked all arguments. seq takes Redis' time, what
-- is held and what the caller knows, so that a lost tail or a failover never gives a number to other content. A held observation
-- more than two minutes ahead of the caller's now does not block a caller who knows it; what replaces it gets a new seq even when the
-- values are equal, so that everybody takes the step back in time. An observation may be older than a beat and still news: a box says
-- that it lives before it says what it counted, or its clock is slow and the beat was dated by ours. Then the source's own number or
-- time decides, and the newer of both observations stays. A beat says "unchanged", so it cannot revive an expired reading; nor can an
-- observation that is not newer than the one that expired. A caller who knows a higher number than is held saw a tail that was lost:
-- then what is held gets a new number, even if nothing else changes, or that caller would wait for it for ever.
local OK, TOUCH, DUP, OLD, GONE, RACE = 0, 1, 2, 3, 4, 5
local FIXED, AHEAD_MS, DAY_BYTES, KEEP_CARS_S = 11, 120000, 2880, 8 * 86400
local call, pcall = redis.call, redis.pcall
local match, find, sub, format = string.match, string.find, string.sub, string.format

local now = tonumber(ARGV[1])
local n = tonumber(ARGV[5])
local at, lots, cars_at = {}, {}, {}
local p = 6
for i = 1, n do
  at[i], lots[i] = p, ARGV[p + 1]
  cars_at[i] = p + FIXED + 3 * tonumber(ARGV[p + 10])
  p = cars_at[i] + 1 + 3 * tonumber(ARGV[cars_at[i]])
end
local held = call('HMGET', KEYS[1], unpack(lots))
local time = call('TIME')
local redis_ms = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

-- Parts of a record; nil for none, and for one that no parkd wrote.
local function parse(text)
  if not text then return nil end
  local seq, chg, obs, sseq, src = match(text, '^seq=(%d+) chg=(%d+) obs=(%d+) rcv=%d+ sseq=(%d+) src=(%d+)')
  local bar = find(text, ' | ', 1, true)
  if not seq or not bar then return nil end
  return { text = text, seq = tonumber(seq), chg = chg, obs = tonumber(obs), sseq = sseq, src = tonumber(src),
           visible = sub(text, bar + 3), tail = sub(text, (find(text, ' rcv=', 1, true))) }
end

-- Source numbers may use all 64 bits, more than a Lua number holds.
local function less(a, b)
  if #a ~= #b then return #a < #b end
  return a < b
end

local function next_seq(h, known)
  local seq = math.max(redis_ms, tonumber(known) + 1)
  if h then seq = math.max(seq, h.seq + 1) end
  return seq
end

local function record(seq, chg, obs, tail)
  return 'seq=' .. format('%.0f', seq) .. ' chg=' .. chg .. ' obs=' .. obs .. tail
end

local function expired(visible)
  return find(visible, ' expired=1 ', 1, true) ~= nil
end

-- Each returns code, seq, chg, new record or nil.
local function take(a, h, chg, obs, tail)
  local seq = next_seq(h, ARGV[a + 2])
  return OK, seq, chg, record(seq, chg, obs, tail)
end

local function touch(h, obs, tail)
  return TOUCH, h.seq, h.chg, record(h.seq, h.chg, obs, tail)
end

-- Is what is held of a time that cannot be yet? Only who has seen it may say so: a call that was lost on its way and arrives minutes
-- later has an old clock.
local function is_ahead(a, h)
  return h.obs > now + AHEAD_MS and tonumber(ARGV[a + 2]) >= h.seq
end

-- Is it newer than what its source told last, though a beat was observed later?
local function told_later(h, head, sseq)
  if expired(h.visible) then return false end
  if sseq ~= '0' and h.sseq ~= '0' then return less(h.sseq, sseq) end
  return h.src > 0 and tonumber(match(head, ' src=(%d+)') or 0) > h.src
end

local function set(a, h)
  local chg, obs_text, sseq = ARGV[a + 5], ARGV[a + 6], ARGV[a + 7]
  local visible = ARGV[a + 9]
  local tail = ARGV[a + 8] .. ' | ' .. visible
  local obs = tonumber(obs_text)
  if not h then return take(a, h, chg, obs_text, tail) end
  if obs < h.obs and is_ahead(a, h) then return take(a, h, chg, obs_text, tail) end
  local numbered = sseq ~= '0' and h.sseq ~= '0'
  if numbered and less(sseq, h.sseq) then return OLD, h.seq, h.chg end
  if obs < h.obs then
    if not told_later(h, ARGV[a + 8], sseq) then return OLD, h.seq, h.chg end
    obs, obs_text = h.obs, format('%.0f', h.obs)
  end
  if obs == h.obs and expired(h.visible) and not expired(visible) then return OLD, h.seq, h.chg end
  if visible ~= h.visible then return take(a, h, chg, obs_text, tail) end
  if obs == h.obs and (not numbered or sseq == h.sseq) then return DUP, h.seq, h.chg end
  return touch(h, obs_text, tail)
end

local function beat(a, h)
  local obs_text = ARGV[a + 6]
  local obs = tonumber(obs_text)
  if not h then return GONE, 0, 0 end
  if expired(h.visible) then return TOUCH, h.seq, h.chg end
  if obs < h.obs and is_ahead(a, h) then return take(a, h, h.chg, obs_text, h.tail) end
  if obs <= h.obs then return DUP, h.seq, h.chg end
  return touch(h, obs_text, h.tail)
end

local function compare(a, h)
  if not h then return GONE, 0, 0 end
  -- The caller may have seen a newer confirmation than was written: only what is newer than it saw is a race.
  if h.seq ~= tonumber(ARGV[a + 3]) or h.obs > tonumber(ARGV[a + 4]) then return RACE, h.seq, h.chg end
  local visible = ARGV[a + 9]
  local tail = ARGV[a + 8] .. ' | ' .. visible
  if visible == h.visible then return touch(h, ARGV[a + 6], tail) end
  return take(a, h, ARGV[a + 5], ARGV[a + 6], tail)
end

local ops = { S = set, B = beat, C = compare }
local reply, hset, feed, written = {}, {}, {}, {}
for i = 1, n do
  local a = at[i]
  local h = parse(held[i])
  local op = ARGV[a]
  local code, seq, chg, new = ops[op](a, h)
  if h and code ~= OK and h.seq < tonumber(ARGV[a + 2]) then
    local text = new or h.text
    seq = next_seq(h, ARGV[a + 2])
    new = 'seq=' .. format('%.0f', seq) .. sub(text, (find(text, ' chg=', 1, true)))
    if code == DUP or code == TOUCH then code = OK end
  end
  local r = 4 * i
  reply[r - 3], reply[r - 2], reply[r - 1] = code, seq, tonumber(chg)
  reply[r] = ''
  local kept = op == 'S' and code == OK and h and h.obs > tonumber(ARGV[a + 6]) and not is_ahead(a, h)
  if code == OLD or code == RACE or op == 'B' or kept then reply[r] = new or (h and h.text) or '' end
  if new then
    local w = #hset
    hset[w + 1], hset[w + 2] = lots[i], new
    if code ~= OLD and code ~= RACE then written[#written + 1] = { a = a, lot = lots[i], cars = cars_at[i], free = h and op == 'B' and match(h.visible, '^free=(%d+)') } end
  end
end
if #hset == 0 then return reply end

call('HSET', KEYS[1], unpack(hset))
local number = pcall('INCR', KEYS[3])
if type(number) ~= 'number' then number = 0 end
pcall('XADD', KEYS[2], 'MAXLEN', '~', ARGV[3], '*', 'by', ARGV[2], 'n', format('%.0f', number), unpack(hset))

-- A new day gets its full length at once, with the exact size: growing it later would double its memory.
local function minute(key, offset, bytes)
  local length = pcall('SETRANGE', key, offset, bytes)
  if type(length) ~= 'number' then return end
  if length < DAY_BYTES then
    local day = pcall('GET', key)
    pcall('SET', key, day .. string.rep('\0', DAY_BYTES - length), 'EX', ARGV[4])
  elseif tonumber(offset) == DAY_BYTES - 2 then
    pcall('EXPIRE', key, ARGV[4]) -- possibly new: its length does not tell
  end
end

-- Both sides, also when nothing passed there: a lot that counts counts both.
local function count(key, field, n)
  if pcall('HINCRBY', key, field, n) == tonumber(n) then pcall('EXPIRE', key, KEEP_CARS_S) end
end

for i = 1, #written do
  local c = written[i].cars
  for j = c + 1, c + 3 * tonumber(ARGV[c]), 3 do
    local key = KEYS[tonumber(ARGV[j])]
    count(key, written[i].lot .. ':in', ARGV[j + 1])
    count(key, written[i].lot .. ':out', ARGV[j + 2])
  end
  local a, free = written[i].a, written[i].free
  local s = a + FIXED
  for _ = 1, tonumber(ARGV[a + 10]) do
    local bytes = ARGV[s + 2]
    if bytes == '' and free then
      local v = tonumber(free) + 1
      bytes = string.char(math.floor(v / 256), v % 256)
    end
    if bytes ~= '' then minute(KEYS[tonumber(ARGV[s])], ARGV[s + 1], bytes) end
    s = s + 3
  end
end
return reply
