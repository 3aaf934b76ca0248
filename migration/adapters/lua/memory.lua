-- KEYS: keys. Returns the bytes that each takes in memory; 0 where there is no such key.
local reply = {}
for _, key in ipairs(KEYS) do reply[#reply + 1] = redis.call('MEMORY', 'USAGE', key) or 0 end
return reply
