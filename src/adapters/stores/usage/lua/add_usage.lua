-- Adds a batch of one incarnation to a day's counters, once: a batch whose answer was lost comes again.
-- KEYS[1]  the day's counters: field -> count
-- KEYS[2]  the last batch of each incarnation
-- ARGV[1]  incarnation
-- ARGV[2]  number of the batch; rises
-- ARGV[3]  time to live (s)
-- ARGV[4…] for each counter: its field, and what is added
-- Returns  1, or 0 where the batch was there already
if tonumber(redis.call('HGET', KEYS[2], ARGV[1]) or 0) >= tonumber(ARGV[2]) then
  return 0
end
for at = 4, #ARGV, 2 do
  redis.call('HINCRBY', KEYS[1], ARGV[at], ARGV[at + 1])
end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
redis.call('EXPIRE', KEYS[2], ARGV[3])
return 1
