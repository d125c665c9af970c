-- Releases one slot by its name, so that a second call is harmless.
-- KEYS[1]  the user's slots
-- KEYS[2]  the user's detached permits
-- ARGV[1]  permit id
-- Returns  how many members went: 1 or 0
redis.call('ZREM', KEYS[2], ARGV[1])
return redis.call('ZREM', KEYS[1], ARGV[1])
