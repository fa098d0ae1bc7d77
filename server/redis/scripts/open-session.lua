-- Open a session; what it displaces ends in the same step: the account's older session on this device, the
-- one this browser carried (`replaced`), and beyond the limit the least recently seen (`limit`).
-- KEYS row [, live, ended, account]      (an account's session has all four, a guest's only its row)
-- ARGV id, row prefix, limit, device hash, carried id, tombstone kept for, idle, lifetime, field, value, ...
-- -> { now, account fields | false, { ended id, reason, ... } } | { now, 'account_gone' | 'account_disabled' }
local now = redis_now()
local row, live, ended, account = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local id, prefix, limit, device, carried = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5]
local kept_for, idle, expires = tonumber(ARGV[6]), tonumber(ARGV[7]), now + tonumber(ARGV[8])

if redis.call('EXISTS', row) == 1 then return { now, 'taken' } end
local displaced = {}
local generation, account_fields = false, false
if account then
  account_fields = redis.call('HMGET', account, 'u', 'n', 'c', 'y', 'p', 'x', 't', 'g', 'v', 'm')
  if not account_fields[1] then return { now, 'account_gone' } end
  if account_fields[6] == '1' then return { now, 'account_disabled' } end
  generation = account_fields[8]

  local function displace(other, reason)
    bury(prefix .. other, live, ended, other,
      { reason = reason, at = now, by_id = '', by_name = '', message = '', kept_for = kept_for })
    displaced[#displaced + 1] = other
    displaced[#displaced + 1] = reason
  end
  for _, other in ipairs(redis.call('ZRANGE', live, 0, -1)) do
    if other == carried or redis.call('HGET', prefix .. other, 'd') == device then
      displace(other, 'replaced')
    end
  end
  while redis.call('ZCARD', live) >= limit do
    local oldest, oldest_seen
    for _, other in ipairs(redis.call('ZRANGE', live, 0, -1)) do
      local seen = tonumber(redis.call('HGET', prefix .. other, 's') or 0)
      if not oldest or seen < oldest_seen then oldest, oldest_seen = other, seen end
    end
    displace(oldest, 'limit')
  end
  redis.call('ZADD', live, now, id)
  redis.call('HSET', row, 'g', generation)
end

redis.call('HSET', row, 'v', 1, 'c', now, 's', now, 't', now, 'i', idle, 'e', expires, 'd', device)
redis.call('HSET', row, unpack(ARGV, 9))
redis.call('PEXPIREAT', row, expires + kept_for)
return { now, account_fields, displaced }
