-- The newest buckets of one resolution, oldest first, those included in which nothing happened.
-- KEYS prefix of the buckets, online now   ARGV seconds a bucket covers, how many
--   -> { number of the newest, online now, { { field, amount, ... }, ... } }
local newest = math.floor(redis.call('TIME')[1] / ARGV[1])
local buckets = {}
for number = newest - ARGV[2] + 1, newest do
  buckets[#buckets + 1] = redis.call('HGETALL', KEYS[1] .. ARGV[1] .. ':' .. number)
end
return { newest, redis.call('GET', KEYS[2]), buckets }
