-- KEYS[2..]: keys; then per key in ARGV: the fingerprint and the expiry it must still have, its new expiry, its dump.
-- Returns per key: 1 written, 0 changed since it was read, 2 its time has passed.
local reply, now = {}, now_ms()
for i = 2, #KEYS do
  local at = (i - 2) * 4 + 2
  local expiry = tonumber(ARGV[at + 2])
  if not is_still(KEYS[i], ARGV[at], ARGV[at + 1]) then
    reply[#reply + 1] = 0
  elseif expiry >= 0 and expiry <= now then
    reply[#reply + 1] = 2
  else
    -- 0 means no expiry to RESTORE.
    redis.call('RESTORE', KEYS[i], expiry < 0 and '0' or ARGV[at + 2], ARGV[at + 3], 'REPLACE', 'ABSTTL')
    reply[#reply + 1] = 1
  end
end
return reply
