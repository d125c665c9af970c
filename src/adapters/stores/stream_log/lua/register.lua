-- Begins the log of an incarnation; a second time it changes nothing but the lease.
-- KEYS  1 ctl:{boot} hash   2 lease:{boot} string
-- ARGV  1 peer address   2 lease in milliseconds   3 life of the log in milliseconds
-- Returns 1
redis.call('HSETNX', KEYS[1], 'next', 1)
redis.call('HSET', KEYS[1], 'peer', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('SET', KEYS[2], '1', 'PX', ARGV[2])
return 1
