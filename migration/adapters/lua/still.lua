-- Prepended to scripts that write only what they know. Whether a key is still what was seen of it; what of it is there,
-- and its size. A value that equals the old one but expires later is another claim's life.
local function is_still(key, seen, expiry)
  local fields_after = tonumber(string.match(seen, '^hash@(%d+):') or 0)
  local found, size = fingerprint(key, fields_after)
  return found == seen and redis.call('PEXPIRETIME', key) == tonumber(expiry), found, size
end
