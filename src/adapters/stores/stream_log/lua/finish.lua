-- Ends a stream: the rest of its text and its terminal frame, readable for a while. One that this server has forgotten
-- is made again.
-- KEYS  1 thread:{id} hash   2 text:{id} list   3 req:{id} string
-- ARGV  1 owner   2 first sequence number   3 last   4 the texts as a JSON array   5 terminal frame   6 record as JSON
--       7 life in milliseconds
-- Returns {'ok'} when it is over (also when it was already), {'not_mine'} when it is another's, and {'from', n} when
-- the rest must begin after n
local owner = redis.call('HGET', KEYS[1], 'owner')
if owner and owner ~= ARGV[1] then return {'not_mine'} end
if redis.call('HGET', KEYS[1], 'state') == 'done' then return {'ok'} end
local kept = owner and tonumber(redis.call('HGET', KEYS[1], 'checkpoint')) or 0
if not owner then redis.call('DEL', KEYS[2]) end
if kept < tonumber(ARGV[3]) then
  if kept ~= tonumber(ARGV[2]) - 1 then return {'from', kept} end
  redis.call('RPUSH', KEYS[2], ARGV[4])
end
redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'state', 'done', 'terminal', ARGV[5], 'record', ARGV[6], 'checkpoint', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[7])
redis.call('PEXPIRE', KEYS[2], ARGV[7])
redis.call('DEL', KEYS[3])
return {'ok'}
