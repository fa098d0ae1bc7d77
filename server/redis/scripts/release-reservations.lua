-- Give back what an account holds, a portion at a time: nothing is held for longer than a week.
-- KEYS the account's reservations
-- ARGV account, not after ('' any time), only of sessions below this generation ('' of all), from, offset, portion
-- -> { 'late' } | { 'portion', from, how many were looked at, ended } (ended: id, fields, ...)
local now = redis_now()
if ARGV[2] ~= '' and now > tonumber(ARGV[2]) then return { 'late' } end
local account, generation = ARGV[1], tonumber(ARGV[3])
local from = ARGV[4] == '' and now - 7 * 24 * 3600 * 1000 - 1000 or ARGV[4]
if generation and generation > tonumber(redis.call('HGET', below_key, account) or 0) then
  redis.call('HSET', below_key, account, generation)
end
local ids = redis.call('ZRANGE', KEYS[1], from, '+inf', 'BYSCORE', 'LIMIT', ARGV[5], ARGV[6])
local ended = {}
for _, id in ipairs(ids) do
  local row = reservations_prefix .. id
  local state, resource, made_in, expires = unpack(redis.call('HMGET', row, 'z', 'r', 'g', 'e'))
  if state == 'h' and (not generation or tonumber(made_in) < generation) then
    give_back(id, account, resource, now >= tonumber(expires) and 'e' or 'r', now)
    ended[#ended + 1] = id
    ended[#ended + 1] = read_reservation(row)
  end
end
return { 'portion', from, #ids, ended }
