-- Frees a name, if this very claim holds it.
-- KEYS  1 claim: string
-- ARGV  1 the claim as JSON
-- Returns 1 when it was, 0 when another one holds it
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
