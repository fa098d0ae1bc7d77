-- Deliver a held unit to its account, once.
-- KEYS reservation   ARGV id, account, not after, idempotency key ('' none), who, evidence
-- -> { 'late' } | { 'claimed', id, fields, unit, '1' now | '0' before }
--  | { 'refused', kind, code, resource, name, expired }
local now = redis_now()
if now > tonumber(ARGV[3]) then return { 'late' } end
local id, account, key = ARGV[1], ARGV[2], ARGV[4]
local shown = read_reservation(KEYS[1], 'K', 'i')
local unit, claimed_with = table.remove(shown), table.remove(shown)
local owner, _, resource, name, state, _, done, _, _, created, expires = unpack(shown)
if owner ~= account then return refuse_stranger(id, owner, resource, ARGV[5], ARGV[6]) end

local expired = {}
local function refused(kind, code)
  refuse(kind, code, resource, id, ARGV[5], ARGV[6])
  return { 'refused', kind, code, resource, name, expired }
end
if done ~= '1' then return refused('hack', 'task_not_done') end
if state == 'c' then
  -- A lost answer must not lose the unit.
  if key == '' or key ~= claimed_with then return refused('fail', 'already_claimed') end
  return { 'claimed', id, shown, unit, '0' }
end
if state == 'h' and now >= tonumber(expires) then
  give_back(id, account, resource, 'e', now)
  state, expired = 'e', { id, read_reservation(KEYS[1]) }
end
if state ~= 'h' then return refused('fail', 'reservation_expired') end

-- An eighth of an octave to a bucket, the first for all that was quicker than a second.
local seconds = math.max(1, (now - created) / 1000)
local bucket = 'b' .. math.floor(8 * math.log(seconds) / math.log(2))
local stocked = resources_prefix .. resource
local stock, held, delivered, in_bucket =
  unpack(redis.call('HMGET', stocked, 's', 'o', 'v', bucket))
redis.call('ZREM', due_key, id)
redis.call('HSET', KEYS[1], 'z', 'c', 'E', now, 'K', key)
redis.call('HSET', stocked, 'o', held - 1, 'v', delivered + 1, bucket, (in_bucket or 0) + 1)
local outcome = log_outcome('success', 'claimed', resource, id, ARGV[5])
tell_change(changes_key, 'r', resource, 's', stock, 'v', id, 'a', account, 'o', outcome)
shown[5], shown[12] = 'c', now
return { 'claimed', id, shown, unit, '1' }
