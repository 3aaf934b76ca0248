-- KEYS: keys; ARGV[1]: bytes after which to stop; ARGV[2]: a value larger than this goes alone. Returns expiry and value of
-- the first keys, at least one: a string as it is, which every version of Redis takes; anything else as a dump, with a 'd'
-- before the expiry. The expiry of a key that does not exist is -2.
local reply, bytes = {}, 0
local most, big = tonumber(ARGV[1]), tonumber(ARGV[2])
for _, key in ipairs(KEYS) do
  local value, expiry = redis.pcall('GET', key), string.format('%.0f', redis.call('PEXPIRETIME', key))
  if not value then
    value = ''
  elseif type(value) ~= 'string' then
    value, expiry = redis.call('DUMP', key), 'd' .. expiry
  end
  if #value > big and #reply > 0 then break end
  reply[#reply + 1] = expiry
  reply[#reply + 1] = value
  bytes = bytes + #value
  if bytes >= most or #value > big then break end
end
return reply
