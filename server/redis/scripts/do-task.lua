-- What the task of a reservation asks for, by whoever may do it.
-- KEYS reservation
-- ARGV id, account, not after, accepts '1', approves '1', when the session was authenticated, its device,
--   since when the account knows that device ('' it does not), who, evidence
-- -> { 'late' } | { 'done', id, fields } | { 'wanting', task } | { 'over', state, expired }
--  | { 'refused', kind, code, resource, name, expired }
local now = redis_now()
if now > tonumber(ARGV[3]) then return { 'late' } end
local id, account = ARGV[1], ARGV[2]
local owner, resource, state, expires = unpack(redis.call('HMGET', KEYS[1], 'a', 'r', 'z', 'e'))
if owner ~= account then return refuse_stranger(id, owner, resource, ARGV[9], ARGV[10]) end
local expired = {}
if state == 'h' and now >= tonumber(expires) then
  give_back(id, account, resource, 'e', now)
  state, expired = 'e', { id, read_reservation(KEYS[1]) }
end
if state ~= 'h' then return { 'over', state, expired } end

local task, done, created, device = unpack(redis.call('HMGET', KEYS[1], 'k', 'd', 'c', 'D'))
if done ~= '1' then
  created = tonumber(created)
  local does = {
    c = ARGV[4] == '1',
    r = tonumber(ARGV[6]) > created,
    o = ARGV[5] == '1' and ARGV[7] ~= device and ARGV[8] ~= '' and tonumber(ARGV[8]) < created,
  }
  if not does[task] then return { 'wanting', task } end
  redis.call('HSET', KEYS[1], 'd', '1')
  tell_change(changes_key, 'v', id, 'a', account)
end
return { 'done', id, read_reservation(KEYS[1]) }
