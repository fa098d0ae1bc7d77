-- What is held keeps the task and the deadline it was reserved with.
-- KEYS resource, changes
-- ARGV not after, id, field, value ('' removes it)...   -> 'edited' | 'late' | 'unknown'
local now = redis_now()
if now > tonumber(ARGV[1]) then return 'late' end
local name, removed, countries, cities =
  unpack(redis.call('HMGET', KEYS[1], 'n', 'x', 'c', 'y'))
if not name or removed then return 'unknown' end
for at = 3, #ARGV, 2 do
  if ARGV[at + 1] == '' then redis.call('HDEL', KEYS[1], ARGV[at])
  else redis.call('HSET', KEYS[1], ARGV[at], ARGV[at + 1]) end
end
local rule = redis.call('HMGET', KEYS[1], 'c', 'y', 's')
if rule[1] ~= countries or rule[2] ~= cities then redis.call('HSET', KEYS[1], 'w', now) end
tell_change(KEYS[2], 'r', ARGV[2], 's', rule[3], 'e', '1')
return 'edited'
