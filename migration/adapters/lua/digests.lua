-- ARGV[1]: keys, packed; ARGV[2]: bytes after which to stop; ARGV[3]: keys per digest. Returns of how many of the first keys,
-- at least one, then a digest of values and expiries for each group of them; the last group may be smaller. Equal on any
-- server for equal keys. An empty digest says nothing: there is a value in the group that takes too long to read here.
local keys, reply, content, bytes, done, is_known = cmsgpack.unpack(ARGV[1]), { 0 }, {}, 0, 0, true
local most, group = tonumber(ARGV[2]), tonumber(ARGV[3])
-- A value larger than this is hashed by itself: packed, it would be in memory several times over.
local large = 65536

-- Value, expiry and size; what stands for the value has an expiry that says so, which no string has.
local function look_at(key)
  local value, expiry = redis.pcall('GET', key), redis.call('PEXPIRETIME', key)
  if not value then return '', expiry, 0 end -- and -2 is its expiry
  if type(value) ~= 'string' then
    local found, size = fingerprint(key, 0)
    if found == LARGE then is_known = false end
    return found, string.format('d%.0f', expiry), size
  end
  if #value > LARGE_STRING then
    is_known = false
    return '', expiry, #value
  end
  if #value > large then return redis.sha1hex(value), string.format('s%.0f', expiry), #value end
  return value, expiry, #value
end

for i = 1, #keys do
  local at, size = #content, 0
  content[at + 1], content[at + 2], size = look_at(keys[i])
  bytes, done = bytes + size, i
  if i % group == 0 or i == #keys or bytes >= most then
    -- Packed, so that no two contents run together alike; and numbers into a text take their time.
    reply[#reply + 1] = is_known and redis.sha1hex(cmsgpack.pack(content)) or ''
    content, is_known = {}, true
    if bytes >= most then break end
  end
end
reply[1] = done
return reply
