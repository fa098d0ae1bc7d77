-- An account's generation never falls behind what nodes know of it. KEYS account   ARGV at least   -> 1 | 0 (gone)
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local generation = tonumber(redis.call('HGET', KEYS[1], 'g')) or 0
redis.call('HSET', KEYS[1], 'g', math.max(generation, tonumber(ARGV[1])))
return 1
