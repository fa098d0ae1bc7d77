-- Set or remove fields of an account that exists. KEYS account   ARGV field, value ('' removes), ...   -> 1 | 0
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
for at = 1, #ARGV, 2 do
  if ARGV[at] == 'c' or ARGV[at] == 'y' then redis.call('HSET', KEYS[1], 'm', redis_now()) end
  if ARGV[at + 1] == '' then
    redis.call('HDEL', KEYS[1], ARGV[at])
  else
    redis.call('HSET', KEYS[1], ARGV[at], ARGV[at + 1])
  end
end
return 1
