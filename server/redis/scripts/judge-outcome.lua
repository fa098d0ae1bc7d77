-- KEYS outcomes, verdicts, changes
-- ARGV not after, id in the stream, id of the outcome, verdict, by id, by username   -> 'judged' | 'late' | 'unknown'
local now = redis_now()
if now > tonumber(ARGV[1]) then return 'late' end
if #redis.call('XRANGE', KEYS[1], ARGV[2], ARGV[2]) == 0 then return 'unknown' end
redis.call('HSET', KEYS[2], ARGV[3], now .. '|' .. table.concat(ARGV, '|', 4))
tell_change(KEYS[3], 'o', ARGV[3])
return 'judged'
