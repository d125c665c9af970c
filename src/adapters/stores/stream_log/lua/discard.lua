-- Takes back a stream that has said nothing, if it still is the one that was made.
-- KEYS  1 thread:{id} hash   2 req:{id} string   3 text:{id} list
-- ARGV  1 owner   2 its token
-- Returns 1 when it is gone, 0 when the id stands for another one
local owner, record = unpack(redis.call('HMGET', KEYS[1], 'owner', 'record'))
if not record then return 1 end
if owner ~= ARGV[1] or cjson.decode(record).token ~= ARGV[2] then return 0 end
redis.call('DEL', KEYS[1], KEYS[2], KEYS[3])
return 1
