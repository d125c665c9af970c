-- Adds a group to an incarnation's log, exactly once and in order, and renews the incarnation's lease.
-- KEYS  1 ctl:{boot} hash (next, sealed, peer)   2 wal:{boot} stream   3 lease:{boot} string
-- ARGV  1 number of the group   2 the group; empty only renews   3 lease in milliseconds
-- Returns {'ok'} | {'duplicate'} | {'gap', next} | {'sealed'} | {'lost'}
local ctl = redis.call('HMGET', KEYS[1], 'next', 'sealed')
if not ctl[1] then return {'lost'} end
if ctl[2] then return {'sealed'} end
local next = tonumber(ctl[1])
local n = tonumber(ARGV[1])
if n < next then
  redis.call('SET', KEYS[3], '1', 'PX', ARGV[3])
  return {'duplicate'}
end
if n > next then return {'gap', next} end
if ARGV[2] ~= '' then
  redis.call('XADD', KEYS[2], n .. '-0', 'g', ARGV[2])
  redis.call('HSET', KEYS[1], 'next', n + 1)
  -- The first one makes the key; its incarnation may die before it beats.
  if n == 1 then redis.call('PEXPIRE', KEYS[2], redis.call('PTTL', KEYS[1])) end
end
redis.call('SET', KEYS[3], '1', 'PX', ARGV[3])
return {'ok'}
