-- ARGV[1]: keys, packed; ARGV[2]: bytes after which to stop; ARGV[3]: a value larger than this goes alone. Returns of how many
-- of the first keys, at least one, and those of them that exist in one string, for add.lua on another server: key, value
-- and expiry of each. A string is carried as it is, which is cheaper than its dump; anything else as a dump, with a 'd'
-- before the expiry. Then come keys that it leaves out, because a script cannot tell their expiry to the millisecond.
local keys, content, bytes, done, apart = cmsgpack.unpack(ARGV[1]), {}, 0, 0, {}
local most, big = tonumber(ARGV[2]), tonumber(ARGV[3])
local EXACT = 9007199254740992 -- 2^53: every number in Lua is a double
for i = 1, #keys do
  local key = keys[i]
  local value, at = redis.pcall('GET', key), #content
  if value then
    local expiry = redis.call('PEXPIRETIME', key)
    if expiry >= EXACT then
      apart[#apart + 1], value = key, false
    else
      if type(value) ~= 'string' then
        value, expiry = redis.call('DUMP', key), string.format('d%.0f', expiry)
      end
      if #value > big and at > 0 then break end
      content[at + 1], content[at + 2], content[at + 3] = key, value, expiry
      bytes = bytes + #value
    end
  end
  done = i
  if bytes >= most or (value and #value > big) then break end
end
return { done, cmsgpack.pack(content), unpack(apart) }
