-- Begin a family of one-time credentials for a live session, in place of the one it had.
-- KEYS row, family   ARGV family id, session id, device hash, lifetime   -> { now, expires } | { now, 'ended' }
local now = redis_now()
local fields = redis.call('HMGET', KEYS[1], 'h', 'z', 'f')
if not fields[1] or fields[2] then return { now, 'ended' } end
if fields[3] then redis.call('DEL', family_key(KEYS[1], fields[3])) end
local expires = now + tonumber(ARGV[4])
redis.call('HSET', KEYS[1], 'f', ARGV[1], 'q', expires)
redis.call('HSET', KEYS[2], 's', ARGV[2], 'd', ARGV[3], 'n', 1, 'r', now, 'u', '0', 'e', expires)
redis.call('PEXPIREAT', KEYS[2], expires)
if redis.call('PEXPIRETIME', KEYS[1]) < expires then redis.call('PEXPIREAT', KEYS[1], expires) end
return { now, expires }
