-- Carry one live session over a coming global generation. KEYS row   ARGV generation   -> 1 | 0
local fields = redis.call('HMGET', KEYS[1], 'h', 'z')
if not fields[1] or fields[2] then return 0 end
redis.call('HSET', KEYS[1], 'G', ARGV[1])
return 1
