-- A portion of a batch, laid where nobody reserves from. A unit is a duplicate if it came with this batch before
-- or with one that was added as a whole; what a batch has claimed that never was, is free.
-- KEYS resource, adding, units of the batch, seen, added batches
-- ARGV not after, batch, life of the lock, life of the units, '1' for the first portion, unit...
-- -> 'late' | 'unknown' | 'taken' | 'lost' | [index of each duplicate]
if redis_now() > tonumber(ARGV[1]) then return 'late' end
local name, removed = unpack(redis.call('HMGET', KEYS[1], 'n', 'x'))
if not name or removed then return 'unknown' end
local batch = ARGV[2]
local adding = redis.call('GET', KEYS[2])
if adding and adding ~= batch then return 'taken' end
-- Meanwhile another one may have come and gone, with the same units.
if not adding and ARGV[5] ~= '1' then return 'lost' end

local hashes = {}
for at = 6, #ARGV do hashes[at - 5] = hash_of_unit(ARGV[at]) end
local owners = #hashes > 0 and redis.call('HMGET', KEYS[4], unpack(hashes)) or {}
local counts = {[batch] = 1}
local function is_counted(owner)
  if not counts[owner] then counts[owner] = redis.call('SISMEMBER', KEYS[5], owner) end
  return counts[owner] == 1
end

local units, claims, claimed, duplicates = {}, {}, {}, {}
for index, hash in ipairs(hashes) do
  local owner = owners[index]
  if claimed[hash] or (owner and is_counted(owner)) then
    duplicates[#duplicates + 1] = index
  else
    claimed[hash] = true
    units[#units + 1] = ARGV[index + 5]
    claims[#claims + 1] = hash
    claims[#claims + 1] = batch
  end
end
if #units > 0 then
  redis.call('RPUSH', KEYS[3], unpack(units))
  redis.call('PEXPIRE', KEYS[3], ARGV[4])
  redis.call('HSET', KEYS[4], unpack(claims))
end
redis.call('SET', KEYS[2], batch, 'PX', ARGV[3])
return duplicates
