-- Hold one unit for an account.
-- KEYS resource, reservation, the account's reservations, its counts, what this idempotency key has made
-- ARGV id, account, username, session, device, account generation, not after, may reserve '1' | '0',
--   country, city (folded), when the account changed, lease, resource, idempotency key ('' none), who, evidence
-- -> { 'late' | 'not_found' | 'key_reused' } | { 'held', id, fields, '1' now | '0' before, expired }
--  | { 'refused', kind, code, resource, name, expired }
local now = redis_now()
if now > tonumber(ARGV[7]) then return { 'late' } end
local id, account, resource = ARGV[1], ARGV[2], ARGV[13]
if ARGV[14] ~= '' then
  local made = redis.call('GET', KEYS[5])
  if made then
    local made_id, made_of = string.match(made, '^(%S+) (%S+)$')
    if made_of ~= resource then return { 'key_reused' } end
    return { 'held', made_id, read_reservation(reservations_prefix .. made_id), '0', {} }
  end
end

local name, removed, terms, countries, cities, limit, hold, task, changed, stock, held, made =
  unpack(redis.call('HMGET', KEYS[1], 'n', 'x', 't', 'c', 'y', 'l', 'h', 'k', 'w', 's', 'o', 'm'))
if not name or removed then return { 'not_found' } end
-- Disabled meanwhile: what it held has been given back, and a request on its way must not hold more.
local below = redis.call('HGET', below_key, account)
if below and tonumber(ARGV[6]) < tonumber(below) then return { 'late' } end

local expired = {}
local function refused(kind, code)
  refuse(kind, code, resource, nil, ARGV[15], ARGV[16])
  return { 'refused', kind, code, resource, name, expired }
end

local function admits(list, place)
  return not list or (place ~= '' and string.find(list, '|' .. place .. '|', 1, true))
end
if ARGV[8] ~= '1' or not admits(countries, ARGV[9]) or not admits(cities, ARGV[10]) then
  -- A page may not have heard yet of a change that is younger than a lease.
  local changed_at = math.max(tonumber(changed or 0), tonumber(ARGV[11]))
  return refused(now - changed_at < tonumber(ARGV[12]) and 'fail' or 'hack', 'not_entitled')
end

local function has_its_share()
  return limit and tonumber(redis.call('HGET', KEYS[4], resource) or 0) >= tonumber(limit)
end
local is_full = has_its_share()
if is_full or stock == '0' then
  expired = expire_due(now, 100)
  stock, held = unpack(redis.call('HMGET', KEYS[1], 's', 'o'))
  if is_full and has_its_share() then return refused('fail', 'limit_reached') end
  if stock == '0' then return refused('fail', 'out_of_stock') end
end

-- First what is refused when Redis is short of memory, so that it is all or nothing.
local expires = now + hold * 1000
redis.call('ZADD', KEYS[3], now, id)
redis.call('ZADD', due_key, expires, id)
local done = task == 'n' and '1' or '0'
redis.call('HSET', KEYS[2], 'a', account, 'u', ARGV[3], 'r', resource, 'n', name, 'z', 'h', 'k', task,
  'd', done, 's', ARGV[4], 'D', ARGV[5], 'g', ARGV[6], 'c', now, 'e', expires, 'i', take_unit(resource))
terms = task == 'c' and terms
if terms then redis.call('HSET', KEYS[2], 't', terms) end
redis.call('HSET', KEYS[1], 's', stock - 1, 'o', held + 1, 'm', (made or 0) + 1)
redis.call('HINCRBY', KEYS[4], resource, 1)
if ARGV[14] ~= '' then redis.call('SET', KEYS[5], id .. ' ' .. resource, 'EX', 86400) end
tell_change(changes_key, 'r', resource, 's', stock - 1, 'v', id, 'a', account)
local shown = { account, ARGV[3], resource, name, 'h', task, done, terms or false, ARGV[4], now, expires, false }
return { 'held', id, shown, '1', expired }
