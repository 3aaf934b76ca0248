-- Prepended to scripts that write only what they know. Whether a key is still what was seen of it; what of it is there,
-- and its size. A value that equals the old one but expires later is another claim's life.
local function is_still(key, seen, expiry)
  -- What was seen of a hash says which of its fields counted; the fingerprint of a string has no letter above f.
  local fields_after = string.byte(seen) == 104 and tonumber(string.match(seen, '^hash@(%d+):')) or 0
  local found, size = fingerprint(key, fields_after)
  return found == seen and redis.call('PEXPIRETIME', key) == tonumber(expiry), found, size
end
