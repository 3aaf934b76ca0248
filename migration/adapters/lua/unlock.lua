-- KEYS: the lock, and whose it was last; ARGV[1]: the token.
if redis.call('GET', KEYS[2]) == ARGV[1] then redis.call('DEL', KEYS[1], KEYS[2]) end
return 1
