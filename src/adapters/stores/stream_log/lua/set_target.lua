-- Keeps who is asked for a stream's answer now; what ran at the one before is no run of this one.
-- KEYS  1 thread:{id} hash
-- ARGV  1 owner   2 provider   3 model
-- Returns 1 when it is kept, 0 when the stream is another's
if redis.call('HGET', KEYS[1], 'owner') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'provider', ARGV[2], 'model', ARGV[3])
redis.call('HDEL', KEYS[1], 'run')
return 1
