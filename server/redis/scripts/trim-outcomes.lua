-- What is older than a moment, with the verdicts on it.
-- KEYS outcomes, verdicts   ARGV not after, before (milliseconds), kind   -> how many | 'late'
if redis_now() > tonumber(ARGV[1]) then return 'late' end
for _, id in ipairs(redis.call('HKEYS', KEYS[2])) do
  local kind, at = string.match(id, '^(%l+)-(%d+)-')
  if kind == ARGV[3] and tonumber(at) < tonumber(ARGV[2]) then redis.call('HDEL', KEYS[2], id) end
end
return redis.call('XTRIM', KEYS[1], 'MINID', ARGV[2])
