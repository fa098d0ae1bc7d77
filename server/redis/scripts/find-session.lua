-- Read a session and its account for a check.
-- KEYS row   ARGV secret hash ('' any), account prefix, grace
-- -> { now, 'unknown' | 'stale' } | { now, 'ended' | 'due', row fields } | { now, 'live', row fields, account fields }
local now = redis_now()
local fields, flat = fields_of(KEYS[1])
if #flat == 0 then return { now, 'unknown' } end
if ARGV[1] ~= '' and fields.h ~= ARGV[1] then
  if fields.H == ARGV[1] and not fields.z then return { now, 'stale' } end
  return { now, 'unknown' }
end
if fields.z then return { now, 'ended', flat } end
if is_due(fields, now, tonumber(ARGV[3])) then return { now, 'due', flat } end
local account = false
if fields.a then
  account = redis.call('HMGET', ARGV[2] .. fields.a, 'u', 'n', 'c', 'y', 'p', 'x', 't', 'g', 'v')
end
return { now, 'live', flat, account }
