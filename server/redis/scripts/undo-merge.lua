-- Take back what the account's last merge changed, once, and only where the quantity is still what it made it.
-- KEYS account, bin, the account's last merge   ARGV not after, merge prefix
-- -> a bin | { now, 'late' | 'gone' | 'none' }
local now = redis_now()
local account, bin, last = KEYS[1], KEYS[2], KEYS[3]
if now >= tonumber(ARGV[1]) then return { now, 'late' } end
if redis.call('EXISTS', account) == 0 then return { now, 'gone' } end
local merge = ARGV[2] .. (redis.call('GET', last) or '')
local items, flat = fields_of(merge)
if #flat == 0 then return { now, 'none' } end
for resource, change in pairs(items) do
  local quantity, was = string.match(change, '^(%d+) (%d+)$')
  local present, since = string.match(redis.call('HGET', bin, resource) or '', '^(%d+) (%d+)$')
  if present and present == quantity then
    if was == '0' then
      redis.call('HDEL', bin, resource)
    else
      redis.call('HSET', bin, resource, was .. ' ' .. since)
    end
  end
end
redis.call('HSET', merge, 'undone', '1')
redis.call('DEL', last)
return show_bin(now, bin, last, ARGV[2])
