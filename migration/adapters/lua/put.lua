-- KEYS[2]: a record; ARGV[2]: its value, or none to delete it.
-- Deleted first in any case, because a script that has written may go on at maxmemory: a full shard is a reason to reshard.
redis.call('DEL', KEYS[2])
if ARGV[2] then redis.call('SET', KEYS[2], ARGV[2]) end
return 1
