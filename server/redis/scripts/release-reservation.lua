-- Its owner gives a held unit back.
-- KEYS reservation   ARGV id, account, not after, who, evidence
-- -> { 'late' } | { 'released', id, fields, '1' now | '0' before } | { 'over', state, expired }
--  | { 'refused', kind, code, resource, name, expired }
local now = redis_now()
if now > tonumber(ARGV[3]) then return { 'late' } end
local id, account = ARGV[1], ARGV[2]
local owner, resource, state, expires = unpack(redis.call('HMGET', KEYS[1], 'a', 'r', 'z', 'e'))
if owner ~= account then return refuse_stranger(id, owner, resource, ARGV[4], ARGV[5]) end
local expired = {}
if state == 'h' and now >= tonumber(expires) then
  give_back(id, account, resource, 'e', now)
  state, expired = 'e', { id, read_reservation(KEYS[1]) }
end
if state == 'r' then return { 'released', id, read_reservation(KEYS[1]), '0' } end
if state ~= 'h' then return { 'over', state, expired } end
give_back(id, account, resource, 'r', now)
return { 'released', id, read_reservation(KEYS[1]), '1' }
