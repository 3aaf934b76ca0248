-- KEYS[2..]: keys; ARGV[2..]: the fingerprints they must still have.
-- Returns per key: 1 removed, 0 changed since it was read, 2 no longer there.
local reply = {}
for i = 2, #KEYS do
  local found = fingerprint(KEYS[i])
  if found == '' then
    reply[#reply + 1] = 2
  elseif found == ARGV[i] then
    redis.call('UNLINK', KEYS[i])
    reply[#reply + 1] = 1
  else
    reply[#reply + 1] = 0
  end
end
return reply
