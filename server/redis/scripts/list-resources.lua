-- What is on the catalogue, by creation; nothing but the version when nothing changed since the one known.
-- KEYS resources, changes   ARGV version known, prefix of a resource, field...
-- -> version | version, id, [values], id, [values]...
local last = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)[1]
local version = last and last[1] or ''
local listed = {version}
if version == ARGV[1] then return listed end
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  listed[#listed + 1] = id
  listed[#listed + 1] = redis.call('HMGET', ARGV[2] .. id, unpack(ARGV, 3))
end
return listed
