-- Begin a family of one-time credentials for a live session, in place of the one it had.
-- KEYS row, family   ARGV family id, session id, lifetime   -> { now, expires } | { now, 'ended' }
local now = redis_now()
local fields = redis.call('HMGET', KEYS[1], 'h', 'z', 'f', 'e')
if not fields[1] or fields[2] then return { now, 'ended' } end
if fields[3] then redis.call('DEL', family_key(KEYS[1], fields[3])) end
local expires = now + tonumber(ARGV[3])
redis.call('HSET', KEYS[1], 'f', ARGV[1], 'q', expires)
redis.call('HSET', KEYS[2], 's', ARGV[2], 'n', 1, 'r', now, 'u', '0', 'e', expires)
redis.call('PEXPIREAT', KEYS[2], expires)
-- As long beyond its end as it was to be kept: who ends it then must still find it.
local kept = redis.call('PEXPIRETIME', KEYS[1])
local margin = kept - tonumber(fields[4])
if margin > 0 and kept < expires + margin then redis.call('PEXPIREAT', KEYS[1], expires + margin) end
return { now, expires }
