-- KEYS: keys. Returns the clock, then fingerprint and expiry of each key.
local reply = { tostring(now_ms()) }
for _, key in ipairs(KEYS) do
  reply[#reply + 1] = fingerprint(key)
  reply[#reply + 1] = tostring(redis.call('PEXPIRETIME', key))
end
return reply
