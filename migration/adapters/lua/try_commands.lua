-- KEYS[2]: a key of this script's own, which is gone when it returns. Tries each command that the scripts of later phases
-- call. Returns, for each that fails, its name and the error.
local key, failed, later = KEYS[2], {}, now_ms() + 60000

local function try(name, ...)
  local reply = redis.pcall(...)
  if type(reply) ~= 'table' or not reply.err then return reply end
  failed[#failed + 1] = name
  failed[#failed + 1] = reply.err
end

-- Deleted first, because a script that has written may go on at maxmemory: a full shard is a reason to reshard.
try('DEL', 'DEL', key)
-- Of a key that does not exist there is nothing to read, but the right to read it is asked for.
try('LRANGE', 'LRANGE', key, 0, -1)
try('SMEMBERS', 'SMEMBERS', key)
try('HGETALL', 'HGETALL', key)
try('ZRANGE', 'ZRANGE', key, 0, -1, 'WITHSCORES')
try('XRANGE', 'XRANGE', key, '-', '+')
try('HSCAN', 'HSCAN', key, 0)
try('SSCAN', 'SSCAN', key, 0)
try('GETRANGE', 'GETRANGE', key, 0, 0)
for _, name in ipairs({ 'LLEN', 'HLEN', 'SCARD', 'ZCARD', 'XLEN' }) do try(name, name, key) end

-- These say that there is no such key or group where they may be called.
local function try_without_key(name, ...)
  local reply = redis.pcall(...)
  if type(reply) ~= 'table' or not reply.err then return end
  if string.find(reply.err, 'no such key', 1, true) or string.find(reply.err, '^NOGROUP') then return end
  failed[#failed + 1] = name
  failed[#failed + 1] = reply.err
end
try_without_key('XINFO GROUPS', 'XINFO', 'GROUPS', key)
try_without_key('XINFO STREAM', 'XINFO', 'STREAM', key)
try_without_key('XINFO CONSUMERS', 'XINFO', 'CONSUMERS', key, 'none')
try_without_key('XPENDING', 'XPENDING', key, 'none')
try('SET', 'SET', key, 'tried', 'NX', 'PXAT', later)
for _, name in ipairs({ 'GET', 'TYPE', 'EXISTS', 'PTTL', 'PEXPIRETIME' }) do try(name, name, key) end
try('MEMORY USAGE', 'MEMORY', 'USAGE', key)
local dump = try('DUMP', 'DUMP', key)
if type(dump) == 'string' then try('RESTORE', 'RESTORE', key, later, dump, 'REPLACE', 'ABSTTL') end
try('UNLINK', 'UNLINK', key)
-- Where UNLINK is refused, the key is still there.
redis.pcall('DEL', key)
return failed
