-- A guest signs in: from now on its bin takes no change and goes into the account's, the first that asks.
-- KEYS row, bin   ARGV not after, account   -> { now, 'late' | 'gone' } | { now, 'frozen', account, items }
local now = redis_now()
if now >= tonumber(ARGV[1]) then return { now, 'late' } end
local row = redis.call('HMGET', KEYS[1], 'h', 'z', 'M')
if not row[1] or row[2] then return { now, 'gone' } end
if not row[3] then redis.call('HSET', KEYS[1], 'M', ARGV[2]) end
return { now, 'frozen', row[3] or ARGV[2], redis.call('HGETALL', KEYS[2]) }
