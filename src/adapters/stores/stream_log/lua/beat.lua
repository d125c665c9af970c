-- Renews an incarnation's place among the living, by this server's clock, and names those whose time is over.
-- KEYS  1 boots, sorted set of incarnations by the end of their time
-- ARGV  1 incarnation   2 time in milliseconds   3 life of the set in milliseconds
-- Returns the incarnations whose time is over
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '(' .. now)
