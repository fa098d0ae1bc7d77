-- Put what a guest had into an account's bin, once: of each resource the larger quantity stays. What that changed
-- is kept for as long as it can be undone; a repeat is answered the same and changes nothing.
-- KEYS account, bin, the account's last merge, merge
-- ARGV not after, guest, undone within, most items, resource, quantity, added at, ... (what there is no room for
--      comes last)   -> { now, 'late' | 'gone' } | { now, 'merged' | 'known', merge }
local now = redis_now()
local account, bin, last, merge = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
if now >= tonumber(ARGV[1]) then return { now, 'late' } end
if redis.call('EXISTS', account) == 0 then return { now, 'gone' } end
if redis.call('EXISTS', merge) == 1 then return { now, 'known', redis.call('HGETALL', merge) } end
if #ARGV == 4 then return { now, 'known', {} } end
local expires, room, changed = now + tonumber(ARGV[3]), tonumber(ARGV[4]) - redis.call('HLEN', bin), false
redis.call('HSET', merge, 'until', expires)
redis.call('PEXPIREAT', merge, expires)
for at = 5, #ARGV, 3 do
  local resource, quantity, added_at = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  local was, since = string.match(redis.call('HGET', bin, resource) or '', '^(%d+) (%d+)$')
  if tonumber(quantity) > tonumber(was or 0) and (was or room > 0) then
    if not was then room = room - 1 end
    redis.call('HSET', bin, resource, quantity .. ' ' .. (since or added_at))
    redis.call('HSET', merge, resource, quantity .. ' ' .. (was or '0'))
    changed = true
  end
end
if changed then redis.call('SET', last, ARGV[2], 'PXAT', expires) end
return { now, 'merged', redis.call('HGETALL', merge) }
