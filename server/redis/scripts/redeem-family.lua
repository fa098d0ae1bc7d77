-- Spend one member of a family: the head gives its successor; its predecessor the same one, for a moment or while
-- nobody has used it (two tabs, a lost reply, a laptop that slept); anything else was stolen.
-- KEYS family   ARGV row prefix, number presented, secret hash of the session issued with the successor ('' keeps
--      the session's), idle, lifetime, moment, 'any' | 'same' (give again what was given, rotate nothing)
-- -> { now, 'unknown' } | { now, 'theft', session id } | { now, 'same' | 'next', session id, version, expires }
local now = redis_now()
local family, flat = fields_of(KEYS[1])
if #flat == 0 or now >= tonumber(family.e) then return { now, 'unknown' } end
local row = ARGV[1] .. family.s
local session = redis.call('HMGET', row, 'h', 'z', 'v', 'f')
if not session[1] or session[2] or family_key(row, session[4] or '') ~= KEYS[1] then
  redis.call('DEL', KEYS[1])
  return { now, 'unknown' }
end
local presented, head = tonumber(ARGV[2]), tonumber(family.n)
if presented == head - 1 and (now - tonumber(family.r) <= tonumber(ARGV[6]) or family.u == '0') then
  return { now, 'same', family.s, tonumber(session[3]), tonumber(family.e) }
end
if presented == head and ARGV[7] == 'same' then return { now, 'unknown' } end
if presented ~= head then return { now, 'theft', family.s } end
redis.call('HSET', KEYS[1], 'n', head + 1, 'r', now, 'u', '0')
redis.call('HSET', row, 's', now, 'i', ARGV[4], 'e', math.min(now + tonumber(ARGV[5]), tonumber(family.e)))
local version = tonumber(session[3])
if ARGV[3] ~= '' then
  redis.call('HSET', row, 'H', session[1], 'h', ARGV[3], 'm', 'r')
  version = redis.call('HINCRBY', row, 'v', 1)
end
return { now, 'next', family.s, version, tonumber(family.e) }
