-- Changes the owner of a stream: compare and set. A stream that this server has forgotten is made again.
-- KEYS  1 thread:{id} hash   2 req:{id} string
-- ARGV  1 expected owner   2 new owner   3 record as JSON   4 request, or ''   5 life in milliseconds
-- Returns how much text is kept apart from the log, or -1 when it is another's, or over
local owner = redis.call('HGET', KEYS[1], 'owner')
if owner and owner ~= ARGV[1] and owner ~= ARGV[2] then return -1 end
if redis.call('HGET', KEYS[1], 'state') == 'done' then return -1 end
redis.call('HSET', KEYS[1], 'owner', ARGV[2], 'record', ARGV[3], 'state', 'running')
redis.call('HSETNX', KEYS[1], 'checkpoint', 0)
redis.call('PEXPIRE', KEYS[1], ARGV[5])
if ARGV[4] ~= '' then redis.call('SET', KEYS[2], ARGV[4], 'PX', ARGV[5], 'NX') end
return tonumber(redis.call('HGET', KEYS[1], 'checkpoint'))
