-- All sessions of one account, live and recently ended.
-- KEYS live, ended   ARGV row prefix   -> { now, { row fields with id first, ... } }
local rows = {}
for _, key in ipairs(KEYS) do
  for _, id in ipairs(redis.call('ZREVRANGE', key, 0, -1)) do
    local flat = redis.call('HGETALL', ARGV[1] .. id)
    if #flat > 0 then
      table.insert(flat, 1, id)
      rows[#rows + 1] = flat
    else
      redis.call('ZREM', key, id)
    end
  end
end
return { redis_now(), rows }
