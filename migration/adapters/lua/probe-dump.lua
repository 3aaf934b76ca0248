-- KEYS[2]: a key of this product's own. Returns the dump of a small value, which ends with the version of
-- the server's format; nothing stays.
-- Deleted first, because a script that has written may go on at maxmemory.
redis.call('DEL', KEYS[2])
redis.call('SET', KEYS[2], 'probe')
local dump = redis.call('DUMP', KEYS[2])
redis.call('DEL', KEYS[2])
return dump
