-- An account's reservations, newest first. Older ones than anybody lists are dropped from its list.
-- KEYS the account's reservations   ARGV how long they are listed, how many at most   -> { now, { id, fields, ... } }
local now = redis_now()
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[1])
local listed = {}
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, ARGV[2] - 1, 'REV')) do
  local fields = read_reservation(reservations_prefix .. id)
  if fields[1] then
    listed[#listed + 1] = id
    listed[#listed + 1] = fields
  end
end
return { now, listed }
