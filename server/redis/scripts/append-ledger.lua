-- Append one entry: dense sequence number, hash chained over all before it. Drops what is past retention.
-- KEYS log, head, intents, everyone
-- ARGV cut (JSON), operation id ('' none), retention, generation of everyone ('' none), its end (JSON)
-- -> { seq, previous hash, hash, now }
local now = redis_now()
local head = redis.call('HMGET', KEYS[2], 'seq', 'hash')
local seq, previous = (tonumber(head[1]) or 0) + 1, head[2] or ''
local hash = redis.sha1hex(previous .. '|' .. ARGV[1] .. '|' .. now)
redis.call('XADD', KEYS[1], seq .. '-0', 'at', now, 'previous', previous, 'hash', hash, 'cut', ARGV[1])
redis.call('HSET', KEYS[2], 'seq', seq, 'hash', hash)
if ARGV[4] ~= '' and tonumber(ARGV[4]) > (tonumber(redis.call('HGET', KEYS[4], 'generation')) or 0) then
  redis.call('HSET', KEYS[4], 'generation', ARGV[4], 'end', ARGV[5])
end
if ARGV[2] ~= '' then redis.call('HDEL', KEYS[3], ARGV[2]) end
for _ = 1, 3 do
  local oldest = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]
  if tonumber(oldest[2][2]) > now - tonumber(ARGV[3]) then break end
  redis.call('XDEL', KEYS[1], oldest[1])
end
return { seq, previous, hash, now }
