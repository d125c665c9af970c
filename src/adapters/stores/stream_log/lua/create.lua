-- Makes a stream, if its id was never used.
-- KEYS  1 thread:{id} hash (owner, state, checkpoint, record, run, terminal)   2 req:{id} string
-- ARGV  1 owner   2 record as JSON   3 request, or '' where it is not kept   4 life in milliseconds
-- Returns 1 when it is made (also when it was already, by this very record), 0 when the id is known
local known = redis.call('HGET', KEYS[1], 'record')
if known then return known == ARGV[2] and 1 or 0 end
redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'record', ARGV[2], 'state', 'running', 'checkpoint', 0)
redis.call('PEXPIRE', KEYS[1], ARGV[4])
if ARGV[3] ~= '' then redis.call('SET', KEYS[2], ARGV[3], 'PX', ARGV[4]) end
return 1
