-- KEYS: keys; ARGV[1]: bytes after which to stop, ARGV[2]: keys per digest. Returns of how many of the first keys, at least
-- one, then a digest of values and expiries for each group of them; the last group may be smaller. Equal on any server
-- for equal keys.
local reply, parts, bytes, done = { 0 }, {}, 0, 0
local most, group = tonumber(ARGV[1]), tonumber(ARGV[2])
for i = 1, #KEYS do
  local value, kind = redis.pcall('GET', KEYS[i]), 0
  if not value then
    value = ''
  elseif type(value) ~= 'string' then
    value, kind = fingerprint(KEYS[i]), 1
  end
  local at = #parts
  -- Lengths and kinds, so that no two contents run together alike; -2 is the expiry of a key that does not exist.
  parts[at + 1], parts[at + 2], parts[at + 3], parts[at + 4] = value, #value, kind, redis.call('PEXPIRETIME', KEYS[i])
  bytes, done = bytes + #value, i
  if i % group == 0 or i == #KEYS or bytes >= most then
    reply[#reply + 1] = redis.sha1hex(table.concat(parts, ' '))
    parts = {}
    if bytes >= most then break end
  end
end
reply[1] = done
return reply
