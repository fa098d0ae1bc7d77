-- Put before the desk's scripts, after prelude.lua. A resource's fields:
--   n name  d description  t terms  c countries '|DE|FR|'  y cities '|berlin|'  Y cities as typed  l limit
--   h hold seconds  k task (n none, c confirm, r reauthenticate, o other_device)  C created
--   w when its rule changed  x '1' removed
--   a units added  s in stock  o held  v delivered  z withdrawn: s + o + v + z = a at the end of every script
--   m reservations made  e expired  r released  b0 b1 ... claimed within that eighth of an octave of seconds
-- A reservation's: a account  u username  r resource  n its name  z state (h held, c claimed, e expired,
--   r released)  k task  d '1' once it is done  t terms  s session  D device hash  g account generation
--   c created  e expires  E ended  i the unit, for as long as it is the account's  K key it was claimed with
-- keys.ts says what is in each of these keys.
local changes_key, due_key, below_key = '{desk}changes', '{desk}due', '{desk}below'
local resources_prefix, reservations_prefix = '{desk}resource:', '{desk}reservation:'
local units_prefix, batches_prefix, counts_prefix = '{desk}units:', '{desk}batches:', '{desk}counts:'
local outcomes_prefix = '{desk}outcomes:'
local reservation_life = 28 * 24 * 3600 * 1000

-- Let every node know. Fields: r resource, s its stock now, e '1' when more about it changed, v reservation and
-- a whose it is, o outcome.
local function tell_change(changes, ...)
  redis.call('XADD', changes, 'MAXLEN', '~', 10000, '*', ...)
end

-- Log how a request went; answers the outcome's public id. `who` and `evidence` come as JSON and stay it.
local function log_outcome(kind, code, resource, reservation, who, evidence)
  local fields = { 'w', who, 'c', code }
  if resource then fields[5], fields[6] = 'r', resource end
  if reservation then
    fields[#fields + 1] = 'v'
    fields[#fields + 1] = reservation
  end
  if kind == 'hack' then
    fields[#fields + 1] = 'e'
    fields[#fields + 1] = evidence
  end
  local id = redis.call('XADD', outcomes_prefix .. kind, 'MAXLEN', '~', 100000, '*', unpack(fields))
  return kind .. '-' .. id
end

-- A refused request: its outcome, told to whoever watches.
local function refuse(kind, code, resource, reservation, who, evidence)
  local outcome = log_outcome(kind, code, resource, reservation, who, evidence)
  tell_change(changes_key, 'o', outcome)
  return outcome
end

-- What is shown of a reservation, in the order of `reservationFields` in desk.ts, and after it what else is asked for.
local function read_reservation(row, ...)
  return redis.call('HMGET', row, 'a', 'u', 'r', 'n', 'z', 'k', 'd', 't', 's', 'c', 'e', 'E', ...)
end

-- A held unit goes back: to the stock, or out of reach when its resource was removed. `state` e or r.
local function give_back(id, account, resource, state, now)
  local row, stocked = reservations_prefix .. id, resources_prefix .. resource
  local figures = redis.call('HMGET', stocked, 's', 'o', 'z', state, 'x')
  local stock, removed = tonumber(figures[1]), figures[5]
  -- First what Redis also does when it is short of memory: then it lets the rest through too.
  redis.call('ZREM', due_key, id)
  if removed then
    redis.call('HSET', stocked, 'o', figures[2] - 1, 'z', figures[3] + 1, state, (figures[4] or 0) + 1)
  else
    stock = stock + 1
    redis.call('RPUSH', units_prefix .. resource .. ':returned', redis.call('HGET', row, 'i'))
    redis.call('HSET', stocked, 's', stock, 'o', figures[2] - 1, state, (figures[4] or 0) + 1)
  end
  redis.call('HDEL', row, 'i')
  redis.call('HSET', row, 'z', state, 'E', now)
  redis.call('PEXPIRE', row, reservation_life)
  if redis.call('HINCRBY', counts_prefix .. account, resource, -1) <= 0 then
    redis.call('HDEL', counts_prefix .. account, resource)
  end
  tell_change(changes_key, 'r', resource, 's', stock, 'v', id, 'a', account)
end

-- Give back what has run out, the earliest first, `most` at a time.
-- -> { id, fields as of read_reservation, ... }
local function expire_due(now, most)
  local expired = {}
  for _, id in ipairs(redis.call('ZRANGE', due_key, '-inf', now, 'BYSCORE', 'LIMIT', 0, most)) do
    local row = reservations_prefix .. id
    local facts = redis.call('HMGET', row, 'a', 'r')
    give_back(id, facts[1], facts[2], 'e', now)
    expired[#expired + 1] = id
    expired[#expired + 1] = read_reservation(row)
  end
  return expired
end

-- What a unit is known by among those there were: 96 bits of its hash.
local function hash_of_unit(unit) return string.sub(redis.sha1hex(unit), 1, 24) end

-- The next free unit: of the oldest batch that still has one, else one that came back. There is one when the
-- resource says it has stock.
local function take_unit(resource)
  local batches, units = batches_prefix .. resource, units_prefix .. resource .. ':'
  while true do
    local batch = redis.call('LINDEX', batches, 0)
    if not batch then return redis.call('LPOP', units .. 'returned') end
    local unit = redis.call('LPOP', units .. batch)
    if unit then return unit end
    redis.call('LPOP', batches)
  end
end

-- A reservation that is not this account's, or that there is not: the same answer, logged as what it is.
local function refuse_stranger(id, owner, resource, who, evidence)
  local code = owner and 'not_yours' or 'unknown_reservation'
  refuse('hack', code, resource, id, who, evidence)
  return { 'refused', 'hack', code, '', '', {} }
end
