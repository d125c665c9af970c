-- Closes an incarnation's log for ever: after it nothing can be appended.
-- KEYS  1 ctl:{boot} hash   2 lease:{boot} string   3 wal:{boot} stream
-- ARGV  1 '1' to close it at once, '0' only when its lease is over   2 life of the log in milliseconds
-- Returns 1 when it is closed now (also when it was, or is not known), 0 when its owner lives
if redis.call('HEXISTS', KEYS[1], 'next') == 0 then return 1 end
if redis.call('HEXISTS', KEYS[1], 'sealed') == 1 then return 1 end
if ARGV[1] ~= '1' and redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
redis.call('HSET', KEYS[1], 'sealed', 1)
redis.call('DEL', KEYS[2])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('PEXPIRE', KEYS[3], ARGV[2])
return 1
