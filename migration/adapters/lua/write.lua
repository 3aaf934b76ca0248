-- KEYS[2..]: keys; then per key in ARGV: the fingerprint and the expiry it must still have, then its new expiry and its
-- value, as read.lua returns them. Returns per key: 1 written, 0 changed since it was read, 2 its time has passed,
-- 3 too large to be compared here.
local reply, now = {}, now_ms()
for i = 2, #KEYS do
  local at = (i - 2) * 4 + 2
  local is_dump = string.byte(ARGV[at + 2]) == 100
  local expiry, value = is_dump and string.sub(ARGV[at + 2], 2) or ARGV[at + 2], ARGV[at + 3]
  local expires = tonumber(expiry)
  local is_seen, found = is_still(KEYS[i], ARGV[at], ARGV[at + 1])
  if not is_seen then
    -- What was not there when it was looked at has been written since, however large it is.
    reply[#reply + 1] = found == LARGE and ARGV[at] ~= '' and 3 or 0
  elseif expires >= 0 and expires <= now then
    reply[#reply + 1] = 2
  else
    if is_dump then
      -- 0 means no expiry to RESTORE.
      redis.call('RESTORE', KEYS[i], expires < 0 and '0' or expiry, value, 'REPLACE', 'ABSTTL')
    elseif expires < 0 then
      redis.call('SET', KEYS[i], value)
    else
      redis.call('SET', KEYS[i], value, 'PXAT', expiry)
    end
    reply[#reply + 1] = 1
  end
end
return reply
