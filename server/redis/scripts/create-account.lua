-- KEYS account   ARGV time to live until confirmed, field, value, ...   -> now | 0 (the id is taken)
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
local now = redis_now()
redis.call('HSET', KEYS[1], 't', now, 'g', 1, 'v', 1, unpack(ARGV, 2))
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return now
