-- KEYS row   ARGV account, name ('' removes it)   -> row fields | false
local fields = redis.call('HMGET', KEYS[1], 'a', 'z')
if fields[1] ~= ARGV[1] or fields[2] then return false end
if ARGV[2] == '' then redis.call('HDEL', KEYS[1], 'n') else redis.call('HSET', KEYS[1], 'n', ARGV[2]) end
return redis.call('HGETALL', KEYS[1])
