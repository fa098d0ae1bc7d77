-- End the sessions of one account, all or all but one, and change the account in the same step.
-- KEYS account, live, ended
-- ARGV row prefix, kept id ('' none: the account's generation is bumped), reason, by id, by username, message,
--      tombstone kept for, account field, value, ...
-- -> { now, generation, { ended id, ... } } | { now, 'account_gone' }
local now = redis_now()
local account, live, ended, prefix, kept = KEYS[1], KEYS[2], KEYS[3], ARGV[1], ARGV[2]
if redis.call('EXISTS', account) == 0 then return { now, 'account_gone' } end
if #ARGV > 7 then redis.call('HSET', account, unpack(ARGV, 8)) end
local generation = kept == '' and redis.call('HINCRBY', account, 'g', 1)
  or tonumber(redis.call('HGET', account, 'g'))
local ids = {}
for _, id in ipairs(redis.call('ZRANGE', live, 0, -1)) do
  if id ~= kept then
    if redis.call('EXISTS', prefix .. id) == 1 then
      bury(prefix .. id, live, ended, id, { reason = ARGV[3], at = now, by_id = ARGV[4],
        by_name = ARGV[5], message = ARGV[6], kept_for = tonumber(ARGV[7]) })
      ids[#ids + 1] = id
    else
      redis.call('ZREM', live, id)
    end
  end
end
return { now, generation, ids }
