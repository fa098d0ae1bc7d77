-- What koa-session keeps: written only onto a live row, only over the version that was read, never creating.
-- KEYS row   ARGV version read, JSON   -> new version | 0
local fields = redis.call('HMGET', KEYS[1], 'h', 'z', 'w')
if not fields[1] or fields[2] or (fields[3] or '0') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'j', ARGV[2])
return redis.call('HINCRBY', KEYS[1], 'w', 1)
