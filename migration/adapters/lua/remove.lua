-- KEYS[2..]: keys; ARGV[2]: bytes after which to stop; ARGV[3..]: the fingerprints they must still have.
-- Returns per key, for the first ones, at least one: 1 removed, 0 changed since it was read, 2 no longer there.
local reply, bytes = {}, 0
for i = 2, #KEYS do
  local found, size = fingerprint(KEYS[i])
  if found == '' then
    reply[#reply + 1] = 2
  elseif found == ARGV[i + 1] then
    redis.call('UNLINK', KEYS[i])
    reply[#reply + 1] = 1
  else
    reply[#reply + 1] = 0
  end
  bytes = bytes + size
  if bytes >= tonumber(ARGV[2]) then break end
end
return reply
