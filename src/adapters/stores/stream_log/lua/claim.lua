-- Claims a name, if it is free or held by a claim that counts no longer.
-- KEYS  1 claim: string
-- ARGV  1 our claim as JSON   2 the claim that counts no longer, or ''   3 life in milliseconds
-- Returns '' when it is ours now, else the claim that holds it
local first = redis.call('GET', KEYS[1])
if first and first ~= ARGV[2] then return first end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3])
return ''
