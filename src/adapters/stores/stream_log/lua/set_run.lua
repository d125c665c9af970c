-- Keeps the name under which the provider runs a stream's answer.
-- KEYS  1 thread:{id} hash
-- ARGV  1 owner   2 the name
-- Returns 1 when it is kept, 0 when the stream is another's
if redis.call('HGET', KEYS[1], 'owner') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'run', ARGV[2])
return 1
