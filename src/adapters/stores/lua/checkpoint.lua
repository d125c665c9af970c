-- Keeps a piece of a thread's text apart from the log.
-- KEYS  1 thread:{id} hash   2 text:{id} list of JSON arrays of texts
-- ARGV  1 owner   2 first sequence number   3 last   4 the texts as a JSON array   5 life in milliseconds
-- Returns 1 when it is kept (also when it was already), 0 when the thread is another's, over, or the piece does not fit
if redis.call('HGET', KEYS[1], 'owner') ~= ARGV[1] then return 0 end
if redis.call('HGET', KEYS[1], 'state') == 'done' then return 0 end
local kept = tonumber(redis.call('HGET', KEYS[1], 'checkpoint'))
if kept >= tonumber(ARGV[3]) then return 1 end
if kept ~= tonumber(ARGV[2]) - 1 then return 0 end
redis.call('RPUSH', KEYS[2], ARGV[4])
redis.call('HSET', KEYS[1], 'checkpoint', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[5])
redis.call('PEXPIRE', KEYS[2], ARGV[5])
return 1
