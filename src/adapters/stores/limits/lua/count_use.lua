-- Counts the uses of one API key over the last minute: adds earlier uses, then one request if the limits allow it. A
-- refused request is not counted, so that the client may come back after the time in the answer.
-- KEYS[1]  a hash: r<second>, t<second> -> requests and tokens of that second (Redis' clock); r, t -> their sums; rlast,
--          tlast -> the last such second; from -> the first second that may be there; made -> names this hash
-- ARGV[1]  requests a minute, 0 for no limit
-- ARGV[2]  tokens a minute, 0 for no limit
-- ARGV[3]  1 to ask for a request, 0 only to add
-- ARGV[4…] what to add, by threes: its age (s), requests, tokens
-- Returns  { made, 1 where the request was let in, then of requests and of tokens: used, ms until another one would be let
--          in (0 where one is), ms until nothing is used }
-- One round trip. A second counts until all of it is a minute old: no 60 s ever have more than the limit.
local MINUTE = 60
local time = redis.call('TIME')
local now = tonumber(time[1])
local into = math.floor(time[2] / 1000)
local oldest = now - MINUTE

local have = redis.call('HMGET', KEYS[1], 'made', 'from', 'r', 't', 'rlast', 'tlast')
local made = have[1] or ''
local from = tonumber(have[2]) or now
local used = { r = tonumber(have[3]) or 0, t = tonumber(have[4]) or 0 }
local last = { r = tonumber(have[5]) or 0, t = tonumber(have[6]) or 0 }
local isChanged = false

-- The clock was changed by more than the minute: the counts are dropped, and instances send theirs again.
if math.abs(now - from) > 3 * MINUTE then
  redis.call('DEL', KEYS[1])
  made, from, used, last = '', now, { r = 0, t = 0 }, { r = 0, t = 0 }
end
if from < oldest then
  local names = {}
  for second = from, oldest - 1 do
    table.insert(names, 'r' .. second)
    table.insert(names, 't' .. second)
  end
  for at, count in ipairs(redis.call('HMGET', KEYS[1], unpack(names))) do
    local unit = at % 2 == 1 and 'r' or 't'
    used[unit] = used[unit] - (tonumber(count) or 0)
  end
  redis.call('HDEL', KEYS[1], unpack(names))
  from = oldest
  isChanged = made ~= ''
end

local isAdded = false
local function add(unit, second, count)
  if count == 0 or second < oldest then
    return
  end
  redis.call('HINCRBY', KEYS[1], unit .. second, count)
  used[unit] = used[unit] + count
  last[unit] = math.max(last[unit], second)
  from = math.min(from, second)
  isAdded = true
end

local function untilGone(second)
  return (second + MINUTE + 1 - now) * 1000 - into
end

-- Milliseconds until less than `limit` is used.
local function waitFor(unit, limit)
  if limit == 0 or used[unit] < limit then
    return 0
  end
  local names = {}
  for second = from, math.max(now, last[unit]) do
    table.insert(names, unit .. second)
  end
  local left = used[unit]
  for at, count in ipairs(redis.call('HMGET', KEYS[1], unpack(names))) do
    left = left - (tonumber(count) or 0)
    if left < limit then
      return untilGone(from + at - 1)
    end
  end
  return untilGone(now)
end

for at = 4, #ARGV, 3 do
  local second = now - tonumber(ARGV[at])
  add('r', second, tonumber(ARGV[at + 1]))
  add('t', second, tonumber(ARGV[at + 2]))
end
local wait = { r = waitFor('r', tonumber(ARGV[1])), t = waitFor('t', tonumber(ARGV[2])) }
local isIn = ARGV[3] == '1' and wait.r == 0 and wait.t == 0
if isIn and ARGV[1] ~= '0' then
  add('r', now, 1)
end

if isAdded and made == '' then
  made = time[1] .. '.' .. time[2]
end
if isAdded or isChanged then
  redis.call('HSET', KEYS[1], 'made', made, 'from', from, 'r', used.r, 't', used.t, 'rlast', last.r, 'tlast', last.t)
end
if isAdded then
  redis.call('EXPIRE', KEYS[1], MINUTE + 2)
end

local function reset(unit)
  return used[unit] > 0 and untilGone(last[unit]) or 0
end
return { made, isIn and 1 or 0, used.r, wait.r, reset('r'), used.t, wait.t, reset('t') }
