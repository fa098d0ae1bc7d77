-- A node's lease: a write (a demoted primary cannot have it acknowledged by its replicas), and all entries after
-- the last one the node has applied. `resync` with the whole retained log when that one is not in this log.
-- KEYS log, head, nodes, lease, everyone
-- ARGV node, last seq applied, its hash, lease, node forgotten after
-- -> { now, head seq, head hash, 'continues' | 'resync', entries, generation, end of everyone (JSON) }
local now, node, seq = redis_now(), ARGV[1], tonumber(ARGV[2])
redis.call('SET', KEYS[4], seq, 'PX', ARGV[4])
redis.call('ZADD', KEYS[3], now, node)
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now - tonumber(ARGV[5]))
local head = redis.call('HMGET', KEYS[2], 'seq', 'hash')
local head_seq, head_hash = tonumber(head[1]) or 0, head[2] or ''
local continues
if seq == head_seq then
  continues = ARGV[3] == head_hash
else
  local known = redis.call('XRANGE', KEYS[1], seq .. '-0', seq .. '-0')[1]
  continues = known ~= nil and known[2][6] == ARGV[3]
end
local everyone = redis.call('HMGET', KEYS[5], 'generation', 'end')
local from = continues and ('(' .. seq .. '-0') or '-'
return { now, head_seq, head_hash, continues and 'continues' or 'resync',
  redis.call('XRANGE', KEYS[1], from, '+'), tonumber(everyone[1]) or 0, everyone[2] or '' }
