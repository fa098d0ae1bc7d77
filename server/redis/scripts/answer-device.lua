-- Its owner knows this device. KEYS row   ARGV account   -> row fields | false
local fields = redis.call('HMGET', KEYS[1], 'a', 'z')
if fields[1] ~= ARGV[1] or fields[2] then return false end
redis.call('HDEL', KEYS[1], 'N')
return redis.call('HGETALL', KEYS[1])
