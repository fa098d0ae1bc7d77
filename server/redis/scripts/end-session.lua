-- End one session.
-- KEYS row [, live, ended]     (without the sorted sets: a guest's)
-- ARGV id, account it must belong to ('' any), reason, by id, by username, message, tombstone kept for,
--      'always' | 'due', grace, 'tombstone' | 'no_trace'
-- -> { now, 'unknown' | 'already' | 'not_due' | 'ended', reason that holds, row fields }
local now = redis_now()
local fields, flat = fields_of(KEYS[1])
if #flat == 0 or (ARGV[2] ~= '' and fields.a ~= ARGV[2]) then return { now, 'unknown' } end
if fields.z then return { now, 'already', fields.z, flat } end
local reason = ARGV[3]
if ARGV[8] == 'due' then
  if not is_due(fields, now, tonumber(ARGV[9])) then return { now, 'not_due' } end
  reason = now >= tonumber(fields.e) and 'expired_lifetime' or 'expired_idle'
end
if ARGV[10] == 'no_trace' then
  redis.call('DEL', KEYS[1], bin_key(KEYS[1], ARGV[1]))
else
  bury(KEYS[1], KEYS[2], KEYS[3], ARGV[1], { reason = reason, at = now, by_id = ARGV[4],
    by_name = ARGV[5], message = ARGV[6], kept_for = tonumber(ARGV[7]) })
end
return { now, 'ended', reason, flat }
