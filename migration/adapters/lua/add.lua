-- ARGV[2]: what bundle.lua returned. Writes those of its keys that do not exist. Returns how many it wrote and how many have
-- expired, then the keys that exist.
local content, now = cmsgpack.unpack(ARGV[2]), now_ms()
local reply, written, expired = { 0, 0 }, 0, 0
for i = 1, #content, 3 do
  local key, value, expiry = content[i], content[i + 1], content[i + 2]
  local is_dump = type(expiry) == 'string'
  if is_dump then expiry = tonumber(string.sub(expiry, 2)) end
  if expiry >= 0 and expiry <= now then
    expired = expired + 1
  else
    local is_new
    if is_dump then
      is_new = redis.call('EXISTS', key) == 0
      -- 0 means no expiry to RESTORE.
      if is_new then redis.call('RESTORE', key, string.format('%.0f', math.max(0, expiry)), value, 'ABSTTL') end
    elseif expiry < 0 then
      is_new = redis.call('SET', key, value, 'NX')
    else
      is_new = redis.call('SET', key, value, 'NX', 'PXAT', expiry)
    end
    if is_new then written = written + 1 else reply[#reply + 1] = key end
  end
end
reply[1], reply[2] = written, expired
return reply
