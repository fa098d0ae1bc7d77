-- Count what happened in the current bucket of every resolution, and log the event, in one step.
-- KEYS log, prefix of the buckets   ARGV event (JSON; '' only counts), events kept,
--   three times: seconds a bucket covers, seconds it is kept; then field, amount, field, amount ...
if ARGV[1] ~= '' then
  redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], '*', 'json', ARGV[1])
end
local now = redis.call('TIME')[1]
for at = 3, 7, 2 do
  local bucket = KEYS[2] .. ARGV[at] .. ':' .. math.floor(now / ARGV[at])
  for field = 9, #ARGV, 2 do
    local count = redis.call('HINCRBY', bucket, ARGV[field], ARGV[field + 1])
    -- A field that is new may be the first of its bucket.
    if count == tonumber(ARGV[field + 1]) then
      redis.call('EXPIRE', bucket, ARGV[at + 1], 'NX')
    end
  end
end
