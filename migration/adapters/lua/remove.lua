-- KEYS[2..]: keys; ARGV[2]: bytes after which to stop; ARGV[3..]: the fingerprint and the expiry each must still have.
-- Returns per key, for the first ones, at least one: 1 removed, 0 changed since it was read, 2 no longer there, 3 too large
-- to be compared here.
local reply, bytes = {}, 0
for i = 2, #KEYS do
  local at = (i - 2) * 2 + 3
  local is_seen, found, size = is_still(KEYS[i], ARGV[at], ARGV[at + 1])
  if found == '' then
    reply[#reply + 1] = 2
  elseif is_seen then
    redis.call('UNLINK', KEYS[i])
    reply[#reply + 1] = 1
  elseif found == LARGE then
    reply[#reply + 1] = 3
  else
    reply[#reply + 1] = 0
  end
  bytes = bytes + size
  if bytes >= tonumber(ARGV[2]) then break end
end
return reply
