-- KEYS: keys. Returns of each the bytes that it takes in memory (0 where there is no such key), its type, and how many
-- members it has (1 for what has none).
local LENGTHS = { list = 'LLEN', set = 'SCARD', hash = 'HLEN', zset = 'ZCARD', stream = 'XLEN', vectorset = 'VCARD' }
local WORTH_COUNTING = 4096
local reply = {}
for _, key in ipairs(KEYS) do
  local bytes, kind = redis.call('MEMORY', 'USAGE', key) or 0, redis.call('TYPE', key).ok
  local length = bytes > WORTH_COUNTING and LENGTHS[kind]
  reply[#reply + 1] = bytes
  reply[#reply + 1] = kind
  reply[#reply + 1] = length and redis.call(length, key) or 1
end
return reply
