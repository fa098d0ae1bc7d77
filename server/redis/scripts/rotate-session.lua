-- A new secret for a live session: same id, same row, same sockets. Only its present secret may ask.
-- KEYS row   ARGV present hash ('' : proved in another way), next hash, 'fresh' | ''   -> { now, token version } | { now, 'ended' | 'stale' }
local now = redis_now()
local fields, flat = fields_of(KEYS[1])
if #flat == 0 or fields.z then return { now, 'ended' } end
if ARGV[1] ~= '' and fields.h ~= ARGV[1] then return { now, 'stale' } end
redis.call('HSET', KEYS[1], 'H', fields.h, 'h', ARGV[2])
if ARGV[3] == 'fresh' then redis.call('HSET', KEYS[1], 't', now, 'm', 'p') end
return { now, redis.call('HINCRBY', KEYS[1], 'v', 1) }
