-- Renews the slots of one user in one process. A member that has expired is taken again if there is room or if it is
-- forced; otherwise it is lost.
-- KEYS[1]  the user's slots: permit id -> end of its lease (ms by Redis' clock)
-- KEYS[2]  the user's detached permits: permit id -> since when (ms)
-- ARGV[1]  how many slots the user may hold
-- ARGV[2]  lease (ms)
-- ARGV[3…] for each permit: its id; 1 if the limit does not count for it, else 0; 1 if it is detached, else 0
-- Returns  the permit ids that are lost
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local limit = tonumber(ARGV[1])
local lease = tonumber(ARGV[2])
local lost = {}

redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
for at = 3, #ARGV, 3 do
  local permit, forced, detached = ARGV[at], ARGV[at + 1] == '1', ARGV[at + 2] == '1'
  if redis.call('ZSCORE', KEYS[1], permit) then
    redis.call('ZADD', KEYS[1], 'XX', now + lease, permit)
  elseif forced or redis.call('ZCARD', KEYS[1]) < limit then
    redis.call('ZADD', KEYS[1], now + lease, permit)
  else
    table.insert(lost, permit)
    detached = false
  end
  if detached then
    redis.call('ZADD', KEYS[2], 'NX', now, permit)
  else
    redis.call('ZREM', KEYS[2], permit)
  end
end
redis.call('PEXPIRE', KEYS[1], lease)
redis.call('PEXPIRE', KEYS[2], lease)
return lost
