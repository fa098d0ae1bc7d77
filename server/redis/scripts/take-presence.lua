-- The sessions that had pages on a node that is gone, to whoever asks first. KEYS presence   -> session ids
local ids = redis.call('HKEYS', KEYS[1])
redis.call('DEL', KEYS[1])
return ids
