-- KEYS account   ARGV permissions, version it must rise above ('' any)
-- -> { now, version, permissions before } | { now, 'account_gone' }
local now = redis_now()
local before = redis.call('HMGET', KEYS[1], 'u', 'p', 'v')
if not before[1] then return { now, 'account_gone' } end
local version = tonumber(before[3] or 0) + 1
if ARGV[2] ~= '' then version = math.max(version, tonumber(ARGV[2])) end
redis.call('HSET', KEYS[1], 'p', ARGV[1], 'v', version, 'm', now)
return { now, version, before[2] or '' }
