-- KEYS: keys; ARGV[1]: bytes after which to stop. Returns of how many of the first keys, at least one, and those of them that
-- exist in one string, for add.lua on another server: key, value and expiry of each. A string is carried as it is, which
-- is cheaper than its dump; anything else as a dump, with a 'd' before the expiry.
local content, bytes, done, most = {}, 0, 0, tonumber(ARGV[1])
for i = 1, #KEYS do
  local key = KEYS[i]
  local value, at = redis.pcall('GET', key), #content
  if value then
    local expiry = redis.call('PEXPIRETIME', key)
    if type(value) ~= 'string' then
      value, expiry = redis.call('DUMP', key), string.format('d%.0f', expiry)
    end
    content[at + 1], content[at + 2], content[at + 3] = key, value, expiry
    bytes = bytes + #value
  end
  done = i
  if bytes >= most then break end
end
return { done, cmsgpack.pack(content) }
