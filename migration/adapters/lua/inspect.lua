-- KEYS: keys; ARGV[1]: bytes after which to stop; ARGV[2]: see fingerprint.lua. Returns the clock, then fingerprint and expiry of the first keys, at
-- least one.
local reply, bytes, fields_after = { tostring(now_ms()) }, 0, tonumber(ARGV[2])
for _, key in ipairs(KEYS) do
  local found, size = fingerprint(key, fields_after)
  reply[#reply + 1] = found
  reply[#reply + 1] = string.format('%.0f', redis.call('PEXPIRETIME', key))
  bytes = bytes + size
  if bytes >= tonumber(ARGV[1]) then break end
end
return reply
