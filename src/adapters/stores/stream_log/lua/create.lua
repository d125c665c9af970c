-- Makes a thread, if its id was never used.
-- KEYS  1 thread:{id} hash (owner, state, checkpoint, record, run, terminal)   2 req:{id} string
-- ARGV  1 owner   2 record as JSON   3 request, or '' where it is not kept   4 life in milliseconds
-- Returns 1 when it is made, 0 when the id is known
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'record', ARGV[2], 'state', 'running', 'checkpoint', 0)
redis.call('PEXPIRE', KEYS[1], ARGV[4])
if ARGV[3] ~= '' then redis.call('SET', KEYS[2], ARGV[3], 'PX', ARGV[4]) end
return 1
