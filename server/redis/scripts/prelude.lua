-- Put before every script. A session row's fields:
--   a account  k kind  h hash of the secret  H hash of the secret before the last rotation  v token version
--   g account generation  G global generation  c created  s last seen  t authenticated  i idle for
--   e expires  m method  p address  l location  d device hash  n name  b browser  o system  y device type
--   f family that re-opens it  q until when the family may  N a device the account has not confirmed
--   M account that a guest's bin is being merged into
--   w version of j, what koa-session keeps  z end reason  zt end time  zb zu by (id, username)  zm message
-- An account's: u username  n name  c country  y city  p permissions  x disabled  t created  g generation
--   v permission version  h password hash  m when its permissions, country or city changed
-- A family's: s session  n number of its head  r when that was last given  u '1' once it is in use  e expires
-- A bin's: resource -> '<quantity> <added at>'. A merge's: resource -> '<quantity> <was>', until, undone '1'
local function redis_now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- The slot's hash tag starts every key of it: `{abc}`.
local function family_key(row, family) return string.sub(row, 1, 5) .. 'f:' .. family end
-- A guest's bin is its session's.
local function bin_key(row, id) return string.sub(row, 1, 5) .. 'bin:' .. id end

-- How a session ends: reason, at, by id, by username, message, how long its tombstone is kept.
-- The row stays, without what could be used, until nothing can bring the session back.
local function bury(row, live, ended, id, end_)
  redis.call('HSET', row, 'z', end_.reason, 'zt', end_.at)
  if end_.by_id ~= '' then redis.call('HSET', row, 'zb', end_.by_id, 'zu', end_.by_name) end
  if end_.message ~= '' then redis.call('HSET', row, 'zm', end_.message) end
  local family = redis.call('HGET', row, 'f')
  if family then redis.call('DEL', family_key(row, family)) end
  redis.call('DEL', bin_key(row, id))
  redis.call('HDEL', row, 'j', 'w', 'f', 'q', 'N')
  local expires = tonumber(redis.call('HGET', row, 'e')) or 0
  redis.call('PEXPIREAT', row, math.max(expires, end_.at + end_.kept_for))
  if live then
    redis.call('ZREM', live, id)
    redis.call('ZADD', ended, end_.at, id)
    redis.call('ZREMRANGEBYRANK', ended, 0, -51)
    redis.call('PEXPIREAT', ended, end_.at + end_.kept_for)
  end
end

local function fields_of(key)
  local flat, fields = redis.call('HGETALL', key), {}
  for at = 1, #flat, 2 do fields[flat[at]] = flat[at + 1] end
  return fields, flat
end

-- Past its idle or absolute deadline. `grace` covers activity that nodes still hold in memory.
local function is_past(fields, now, grace)
  return now >= tonumber(fields.e) or now >= tonumber(fields.s) + tonumber(fields.i) + grace
end

-- To be ended: past its deadlines, and no family may re-open it any more.
local function is_due(fields, now, grace)
  return is_past(fields, now, grace) and now >= tonumber(fields.q or 0)
end

-- A bin, with the account's last merge while that can be undone: { now, 'bin', items, merge id, merge }
local function show_bin(now, bin, merged, merge_prefix)
  local id = merged and redis.call('GET', merged)
  local items = redis.call('HGETALL', bin)
  return { now, 'bin', items, id or '', id and redis.call('HGETALL', merge_prefix .. id) or {} }
end
