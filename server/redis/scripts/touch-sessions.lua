-- Batched activity of live rows of one slot; time only moves forward.
-- KEYS row, ...   ARGV last seen, ...
for at, row in ipairs(KEYS) do
  local fields = redis.call('HMGET', row, 's', 'z')
  if fields[1] and not fields[2] and tonumber(fields[1]) < tonumber(ARGV[at]) then
    redis.call('HSET', row, 's', ARGV[at])
  end
end
return 1
