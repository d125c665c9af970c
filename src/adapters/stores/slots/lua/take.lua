-- Takes a slot of a user: drop the expired, compare, add. At the limit, detached streams give way, the oldest first.
-- KEYS[1]  the user's slots: permit id -> end of its lease (ms by Redis' clock)
-- KEYS[2]  the user's detached permits: permit id -> since when (ms)
-- ARGV[1]  permit id
-- ARGV[2]  how many slots the user may hold
-- ARGV[3]  lease (ms)
-- Returns  { 1, slots held now, permit ids that gave way ... } or, changing nothing, { 0, slots held now }
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local lease = tonumber(ARGV[3])

redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local held = redis.call('ZCARD', KEYS[1])
local excess = held + 1 - tonumber(ARGV[2])
local gone = {}
if excess > 0 and not redis.call('ZSCORE', KEYS[1], ARGV[1]) then
  for _, permit in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do
    if #gone < excess and redis.call('ZSCORE', KEYS[1], permit) then
      table.insert(gone, permit)
    end
  end
  if #gone < excess then
    return { 0, held }
  end
  redis.call('ZREM', KEYS[1], unpack(gone))
  redis.call('ZREM', KEYS[2], unpack(gone))
end
redis.call('ZADD', KEYS[1], now + lease, ARGV[1])
redis.call('PEXPIRE', KEYS[1], lease)
return { 1, redis.call('ZCARD', KEYS[1]), unpack(gone) }
