-- Renews one instance's part of the deployment's total: what it uses, and an equal share of what is free. Half of the
-- unassigned rest stays for the next instance that asks. An instance that needs more gets what others do not use when
-- those renew. The parts together never exceed the total.
-- KEYS[1]  a hash: instance's incarnation -> "part:used:1 if it lacks something:end of its lease (ms by Redis' clock)"
-- ARGV[1]  the incarnation that asks
-- ARGV[2]  how many connections it uses
-- ARGV[3]  how many more it needs at once
-- ARGV[4]  the total
-- ARGV[5]  lease (ms)
-- Returns  { its part, instances that have one, connections that are used in all }
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local incarnation, lease = ARGV[1], tonumber(ARGV[5])
local used, needed, total = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local instances, others, used_in_all, others_lack = 1, 0, used, false

local entries = redis.call('HGETALL', KEYS[1])
for at = 1, #entries, 2 do
  local part, uses, lacks, ends = string.match(entries[at + 1], '^(%d+):(%d+):(%d):(%d+)$')
  if not ends or tonumber(ends) <= now then
    redis.call('HDEL', KEYS[1], entries[at])
  elseif entries[at] ~= incarnation then
    instances = instances + 1
    others = others + tonumber(part)
    used_in_all = used_in_all + tonumber(uses)
    others_lack = others_lack or lacks == '1'
  end
end

local unassigned = math.max(0, total - others - used)
local share = math.floor(math.max(0, total - used_in_all) / (instances + 1))
local spare = others_lack and 0 or math.min(share, math.floor(unassigned / 2))
-- What it uses always counts, even above its share: the other parts shrink.
local part = used + math.min(math.max(needed, spare), unassigned)
local lacks = part < used + needed and 1 or 0
redis.call('HSET', KEYS[1], incarnation, string.format('%d:%d:%d:%.0f', part, used, lacks, now + lease))
redis.call('PEXPIRE', KEYS[1], lease)
return { part, instances, used_in_all }
