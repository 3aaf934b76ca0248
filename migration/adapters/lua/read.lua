-- KEYS: keys; ARGV[1]: bytes after which to stop. Returns fingerprint, expiry and dump of the first keys, at least one.
local reply, bytes = {}, 0
for _, key in ipairs(KEYS) do
  local dump = redis.call('DUMP', key) or ''
  reply[#reply + 1] = fingerprint(key)
  reply[#reply + 1] = tostring(redis.call('PEXPIRETIME', key))
  reply[#reply + 1] = dump
  bytes = bytes + #dump
  if bytes >= tonumber(ARGV[1]) then break end
end
return reply
