-- The next generation of everyone, never below `floor`. KEYS everyone   ARGV floor   -> generation
local fields = redis.call('HMGET', KEYS[1], 'generation', 'drawn')
local next_ = math.max(tonumber(fields[1]) or 0, tonumber(fields[2]) or 0, tonumber(ARGV[1])) + 1
redis.call('HSET', KEYS[1], 'drawn', next_)
return next_
