-- A batch that is not to be: its lock, and a portion of its units with the claims they made.
-- KEYS adding, units of the batch, seen, added batches   ARGV batch, how many units
-- -> 'added' (it was, and stays) | how many are left
if redis.call('SISMEMBER', KEYS[4], ARGV[1]) == 1 then return 'added' end
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
for _, unit in ipairs(redis.call('LPOP', KEYS[2], ARGV[2]) or {}) do
  local hash = hash_of_unit(unit)
  if redis.call('HGET', KEYS[3], hash) == ARGV[1] then redis.call('HDEL', KEYS[3], hash) end
end
return redis.call('LLEN', KEYS[2])
