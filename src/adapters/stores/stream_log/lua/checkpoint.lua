-- Keeps a piece of a stream's text apart from the log.
-- KEYS  1 thread:{id} hash   2 text:{id} list of JSON arrays of texts
-- ARGV  1 owner   2 first sequence number   3 last   4 the texts as a JSON array   5 life in milliseconds
-- Returns {'ok'} when it is kept (also when it was already), {'not_mine'} when the stream is another's, or over,
-- {'unknown'} when this server has forgotten it, and {'from', n} when the piece must begin after n: a reply was lost, or a replica that took over had not got so far
local owner = redis.call('HGET', KEYS[1], 'owner')
if not owner then return {'unknown'} end
if owner ~= ARGV[1] then return {'not_mine'} end
if redis.call('HGET', KEYS[1], 'state') == 'done' then return {'not_mine'} end
local kept = tonumber(redis.call('HGET', KEYS[1], 'checkpoint'))
if kept >= tonumber(ARGV[3]) then return {'ok'} end
if kept ~= tonumber(ARGV[2]) - 1 then return {'from', kept} end
redis.call('RPUSH', KEYS[2], ARGV[4])
redis.call('HSET', KEYS[1], 'checkpoint', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[5])
redis.call('PEXPIRE', KEYS[2], ARGV[5])
return {'ok'}
