-- A new secret for a live session: same id, same row, same sockets. Only its present secret may ask.
-- KEYS row   ARGV present hash ('' : proved in another way), next hash ('' : keeps the secret, makes what was issued
--      to bearers stale), 'fresh' | ''   -> { now, token version } | { now, 'ended' | 'stale' }
local now = redis_now()
local fields, flat = fields_of(KEYS[1])
if #flat == 0 or fields.z then return { now, 'ended' } end
if ARGV[1] ~= '' and fields.h ~= ARGV[1] then return { now, 'stale' } end
if ARGV[2] ~= '' then redis.call('HSET', KEYS[1], 'H', fields.h, 'h', ARGV[2]) end
if ARGV[3] == 'fresh' then
  redis.call('HSET', KEYS[1], 't', now)
  if fields.k ~= 't' then redis.call('HSET', KEYS[1], 'm', 'p') end
end
return { now, redis.call('HINCRBY', KEYS[1], 'v', 1) }
