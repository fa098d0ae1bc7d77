-- Spend one member of a family: the head gives its successor; its predecessor the same one, for a moment or while
-- nobody has used it (two tabs, a lost reply, a laptop that slept); an older one was stolen.
-- One beyond the head was ours too, and this Redis has lost it: it counts as the head.
-- KEYS family   ARGV row prefix, account prefix, number presented, secret hash of the session issued with the
--      successor ('' keeps the session's), idle, lifetime, moment, 'recovering' (holds a superseded secret) | ''
-- -> { now, 'unknown' | 'stale' } | { now, 'theft', session id, account id, username }
--    | { now, 'same' | 'next', session id, version, expires }
local now = redis_now()
local family, flat = fields_of(KEYS[1])
if #flat == 0 or now >= tonumber(family.e) then return { now, 'unknown' } end
local row = ARGV[1] .. family.s
local session = fields_of(row)
if not session.h or session.z or family_key(row, session.f or '') ~= KEYS[1] then
  redis.call('DEL', KEYS[1])
  return { now, 'unknown' }
end
local presented, head = tonumber(ARGV[3]), tonumber(family.n)
local secret, moment = ARGV[4], tonumber(ARGV[7])
local follows = presented == head - 1 and (now - tonumber(family.r) <= moment or family.u == '0')
if presented < head and not follows then
  return { now, 'theft', family.s, session.a, redis.call('HGET', ARGV[2] .. session.a, 'u') }
end
local same = follows and (secret == '' or secret == session.h)
-- A password proved a moment ago gave a newer secret, which may still be on its way: nothing may overtake it.
if secret ~= '' and not same and (follows or ARGV[8] == 'recovering')
  and now - tonumber(session.t) <= moment then
  return { now, 'stale' }
end
redis.call('HSET', row, 's', now, 'i', ARGV[5], 'e', math.min(now + tonumber(ARGV[6]), tonumber(family.e)))
if same then
  -- Given again and not used yet: the moment counts from here, for requests that were sent beside this one.
  if family.u == '0' then redis.call('HSET', KEYS[1], 'r', now) end
  return { now, 'same', family.s, tonumber(session.v), tonumber(family.e) }
end
redis.call('HSET', KEYS[1], 'n', presented + 1, 'r', now, 'u', '0')
local version = tonumber(session.v)
if secret ~= '' then
  redis.call('HSET', row, 'H', session.h, 'h', secret, 'm', 'r')
  version = redis.call('HINCRBY', row, 'v', 1)
end
return { now, 'next', family.s, version, tonumber(family.e) }
