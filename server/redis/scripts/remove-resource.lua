-- What is free is withdrawn, at once and for good; what is held runs out. Deleting comes first: it is let
-- through also when Redis is short of memory.
-- KEYS resource, resources, removed resources, batches, seen, added batches, adding, changes
-- ARGV not after, id, its units' prefix, most removed resources, life of one that nobody has anything of
-- -> 'removed' | 'late' | 'unknown'
local now = redis_now()
if now > tonumber(ARGV[1]) then return 'late' end
local name, removed, stock, held, delivered =
  unpack(redis.call('HMGET', KEYS[1], 'n', 'x', 's', 'o', 'v'))
if not name or removed then return 'unknown' end
for _, batch in ipairs(redis.call('LRANGE', KEYS[4], 0, -1)) do
  redis.call('UNLINK', ARGV[3] .. batch)
end
redis.call('UNLINK', ARGV[3] .. 'returned', KEYS[4], KEYS[5], KEYS[6], KEYS[7])
redis.call('HINCRBY', KEYS[1], 'z', stock)
redis.call('HSET', KEYS[1], 's', 0, 'x', '1')
redis.call('ZREM', KEYS[2], ARGV[2])
if tonumber(held) + tonumber(delivered) > 0 then
  redis.call('ZADD', KEYS[3], now, ARGV[2])
  redis.call('ZREMRANGEBYRANK', KEYS[3], 0, -1 - ARGV[4])
else
  redis.call('PEXPIRE', KEYS[1], ARGV[5])
end
tell_change(KEYS[8], 'r', ARGV[2], 's', 0, 'e', '1')
return 'removed'
