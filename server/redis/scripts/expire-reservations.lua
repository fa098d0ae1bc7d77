-- Give back what has run out.
-- KEYS due   ARGV not after, how many at most   -> { 'late' } | { 'expired', now, next deadline | false, expired }
local now = redis_now()
if now > tonumber(ARGV[1]) then return { 'late' } end
local expired = expire_due(now, ARGV[2])
local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
return { 'expired', now, first[2] or false, expired }
