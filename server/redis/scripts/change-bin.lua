-- Set one item of a bin, take it out, or empty the bin: one field each, so that two pages never overwrite each
-- other. Whose bin it is must be there; a guest must be live, and not signing in.
-- KEYS account, bin, the account's last merge | a guest's row, bin
-- ARGV not after, merge prefix, resource ('' all), quantity (0 takes it out), most items
-- -> a bin | { now, 'late' | 'gone' | 'full' } | { now, 'frozen', account }
local now = redis_now()
local owner, bin, merged, resource, quantity = KEYS[1], KEYS[2], KEYS[3], ARGV[3], ARGV[4]
if now >= tonumber(ARGV[1]) then return { now, 'late' } end
local expires
if merged then
  if redis.call('EXISTS', owner) == 0 then return { now, 'gone' } end
else
  local row = redis.call('HMGET', owner, 'h', 'z', 'M', 'e')
  if not row[1] or row[2] then return { now, 'gone' } end
  if row[3] then return { now, 'frozen', row[3] } end
  expires = row[4]
end
if resource == '' then
  redis.call('DEL', bin)
elseif quantity == '0' then
  redis.call('HDEL', bin, resource)
else
  local before = redis.call('HGET', bin, resource)
  if not before and redis.call('HLEN', bin) >= tonumber(ARGV[5]) then return { now, 'full' } end
  local added_at = before and string.match(before, '%d+$') or now
  redis.call('HSET', bin, resource, quantity .. ' ' .. added_at)
  if expires then redis.call('PEXPIREAT', bin, expires) end
end
return show_bin(now, bin, merged, ARGV[2])
