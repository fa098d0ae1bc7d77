-- A batch that is complete becomes stock, all of it in one step that does not grow with it. Asked again, it
-- says the same.
-- KEYS resource, adding, units of the batch, batches, added batches, changes
-- ARGV not after, id, batch, how many units it has   -> 'added' | 'late' | 'unknown' | 'taken' | 'lost'
if redis.call('SISMEMBER', KEYS[5], ARGV[3]) == 1 then return 'added' end
if redis_now() > tonumber(ARGV[1]) then return 'late' end
local name, removed = unpack(redis.call('HMGET', KEYS[1], 'n', 'x'))
if not name or removed then return 'unknown' end
local adding = redis.call('GET', KEYS[2])
if adding ~= ARGV[3] then return adding and 'taken' or 'lost' end
if redis.call('LLEN', KEYS[3]) ~= tonumber(ARGV[4]) then return 'lost' end
redis.call('RPUSH', KEYS[4], ARGV[3])
redis.call('SADD', KEYS[5], ARGV[3])
redis.call('PERSIST', KEYS[3])
redis.call('DEL', KEYS[2])
redis.call('HINCRBY', KEYS[1], 'a', ARGV[4])
tell_change(KEYS[6], 'r', ARGV[2], 's', redis.call('HINCRBY', KEYS[1], 's', ARGV[4]))
return 'added'
