-- Take an account out of the managers unless it is the last one. KEYS managers   ARGV account
-- -> 'released' | 'not_a_manager' | 'last'
if redis.call('SISMEMBER', KEYS[1], ARGV[1]) == 0 then return 'not_a_manager' end
if redis.call('SCARD', KEYS[1]) == 1 then return 'last' end
redis.call('SREM', KEYS[1], ARGV[1])
return 'released'
