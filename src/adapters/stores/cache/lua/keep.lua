-- Keeps an entry within a bound of bytes. Without room, the entries closest to expiry are evicted first.
-- KEYS  1 weir:cache:{n}:index sorted set (entry's key, by when it is over in ms)   2 weir:cache:{n}:sizes hash
--       (entry's key -> bytes; 'all' -> their sum)   3 the entry, with the same hash tag, as all that the index names
-- ARGV  1 entry   2 life in milliseconds   3 bound in bytes
-- Returns 1, or 0 where it is larger than the bound
local size = #ARGV[1]
local bound = tonumber(ARGV[3])
if size > bound then return 0 end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function forget(key)
  redis.call('ZREM', KEYS[1], key)
  local bytes = redis.call('HGET', KEYS[2], key) or 0
  redis.call('HDEL', KEYS[2], key)
  return redis.call('HINCRBY', KEYS[2], 'all', 0 - bytes)
end
local all = forget(KEYS[3])
for _, key in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, 100)) do all = forget(key) end
while all + size > bound do
  local key = redis.call('ZRANGE', KEYS[1], 0, 0)[1]
  redis.call('DEL', key)
  all = forget(key)
end
redis.call('SET', KEYS[3], ARGV[1], 'PX', ARGV[2])
redis.call('ZADD', KEYS[1], now + ARGV[2], KEYS[3])
redis.call('HSET', KEYS[2], KEYS[3], size)
redis.call('HINCRBY', KEYS[2], 'all', size)
-- Index and sizes live as long as the entry that expires last.
local life = math.max(tonumber(ARGV[2]), redis.call('PTTL', KEYS[1]))
redis.call('PEXPIRE', KEYS[1], life)
redis.call('PEXPIRE', KEYS[2], life)
return 1
