-- KEYS[2]: a key of this product's own; ARGV[2]: a dump. Returns why the server does not take it, '' if it does; nothing stays.
-- Deleted first, because a script that has written may go on at maxmemory.
redis.call('DEL', KEYS[2])
local reply = redis.pcall('RESTORE', KEYS[2], '0', ARGV[2])
redis.call('DEL', KEYS[2])
return reply.err or ''
