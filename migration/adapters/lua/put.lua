-- KEYS[2]: a record; ARGV[2]: its value, or none to delete it.
if ARGV[2] then redis.call('SET', KEYS[2], ARGV[2]) else redis.call('DEL', KEYS[2]) end
return 1
