-- ARGV[1]: keys, packed; ARGV[2]: bytes after which to stop; ARGV[3]: keys per digest. Returns of how many of the first keys,
-- at least one, then a digest of values and expiries for each group of them; the last group may be smaller. Equal on any
-- server for equal keys.
local keys, reply, content, bytes, done = cmsgpack.unpack(ARGV[1]), { 0 }, {}, 0, 0
local most, group = tonumber(ARGV[2]), tonumber(ARGV[3])
for i = 1, #keys do
  local key = keys[i]
  local value, expiry = redis.pcall('GET', key), redis.call('PEXPIRETIME', key)
  if not value then
    value = '' -- and -2 is its expiry
  elseif type(value) ~= 'string' then
    value, expiry = fingerprint(key), string.format('d%.0f', expiry)
  end
  local at = #content
  content[at + 1], content[at + 2] = value, expiry
  bytes, done = bytes + #value, i
  if i % group == 0 or i == #keys or bytes >= most then
    -- Packed, so that no two contents run together alike; and numbers into a text take their time.
    reply[#reply + 1] = redis.sha1hex(cmsgpack.pack(content))
    content = {}
    if bytes >= most then break end
  end
end
reply[1] = done
return reply
