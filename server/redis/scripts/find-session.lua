-- Read a session and its account for a check.
-- KEYS row   ARGV secret hash ('' any), account prefix, grace, number of the family's member in use ('' none)
-- -> { now, 'unknown' | 'stale' } | { now, 'ended' | 'due', row fields } | { now, 'live', row fields, account fields }
local now = redis_now()
local fields, flat = fields_of(KEYS[1])
if #flat == 0 then return { now, 'unknown' } end
if ARGV[1] ~= '' and fields.h ~= ARGV[1] then
  if fields.H ~= ARGV[1] then return { now, 'unknown' } end
  -- Its holder had it once: told of the end like anybody, else to use what came after.
  if not fields.z then return { now, 'stale' } end
end
if fields.z then return { now, 'ended', flat } end
if is_past(fields, now, tonumber(ARGV[3])) then
  -- Asleep: its own secret opens it no more, its family does.
  if not is_due(fields, now, tonumber(ARGV[3])) then return { now, 'unknown' } end
  return { now, 'due', flat }
end
if fields.f then
  -- What was issued at the last rotation has reached its owner and is in use: only now is its predecessor dead.
  local family = family_key(KEYS[1], fields.f)
  local used = ARGV[1] ~= '' or (ARGV[4] ~= '' and redis.call('HGET', family, 'n') == ARGV[4])
  if used and redis.call('HGET', family, 'u') == '0' then redis.call('HSET', family, 'u', '1') end
end
local account = false
if fields.a then
  account = redis.call('HMGET', ARGV[2] .. fields.a, 'u', 'n', 'c', 'y', 'p', 'x', 't', 'g', 'v', 'm')
end
return { now, 'live', flat, account }
