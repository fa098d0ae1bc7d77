-- A resource, without units yet.
-- KEYS resource, resources, changes
-- ARGV not after, id, most resources, field, value...   -> 'created' | 'late' | 'full'
local now = redis_now()
if now > tonumber(ARGV[1]) then return 'late' end
if redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[3]) then return 'full' end
redis.call('HSET', KEYS[1], 'C', now, 'a', 0, 's', 0, 'o', 0, 'v', 0, 'z', 0, unpack(ARGV, 4))
redis.call('ZADD', KEYS[2], now, ARGV[2])
tell_change(KEYS[3], 'r', ARGV[2], 's', 0, 'e', '1')
return 'created'
