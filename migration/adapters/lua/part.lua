-- KEYS[1]: a key that is too large for one script; ARGV[1]: where to go on ('' at first), ARGV[2]: how many members at most,
-- about; ARGV[3]: fields of a hash that expire before it do not count. Returns the type, where to go on ('' at the end),
-- the key's expiry, the bytes that were read, and what the part comes to, as members.lua adds it up. The caller WATCHes the key, so that positions stay what they are.
local key, at, most, fields_after = KEYS[1], ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local CHUNK = 1048576

local function by_cursor(command, add_found)
  local page = redis.call(command, key, at == '' and '0' or at, 'COUNT', most)
  add_found(page[2])
  return page[1] == '0' and '' or page[1]
end

local function by_index(add_found, read)
  local from = tonumber(at == '' and '0' or at)
  local found, members = read(from, from + most - 1)
  add_found(found, from - 1)
  return members < most and '' or string.format('%.0f', from + most)
end

-- First the stream's own fields and groups, then entries ('e' and the last id), then what each group has pending (its
-- number and the last id).
local function of_stream()
  local last = string.match(at, '^e(.*)')
  if at == '' then add_stream(key) end
  if at == '' or last then
    local entries = redis.call('XRANGE', key, last and '(' .. last or '-', '+', 'COUNT', most)
    add_entries(entries)
    return #entries < most and '1 ' or 'e' .. entries[#entries][1]
  end
  local number, id = string.match(at, '^(%d+) (.*)')
  local group = redis.call('XINFO', 'GROUPS', key)[tonumber(number)]
  if not group then return '' end
  local name = map_of(group).name
  local pending = redis.call('XPENDING', key, name, id == '' and '-' or '(' .. id, '+', most)
  add_pending(name, pending)
  if #pending < most then return (number + 1) .. ' ' end
  return number .. ' ' .. pending[#pending][1]
end

local parts = {
  hash = function() return by_cursor('HSCAN', function(list) add_fields(key, list, fields_after) end) end,
  set = function() return by_cursor('SSCAN', add_set) end,
  list = function()
    return by_index(add_list, function(from, to)
      local list = redis.call('LRANGE', key, from, to)
      return list, #list
    end)
  end,
  zset = function()
    return by_index(add_scores, function(from, to)
      local list = redis.call('ZRANGE', key, from, to, 'WITHSCORES')
      return list, #list / 2
    end)
  end,
  stream = of_stream,
  string = function()
    local from = tonumber(at == '' and '0' or at)
    local chunk = redis.call('GETRANGE', key, from, from + CHUNK - 1)
    if #chunk > 0 then add(string.format('%.0f:', from) .. chunk) end
    return #chunk < CHUNK and '' or string.format('%.0f', from + CHUNK)
  end,
}

local kind = redis.call('TYPE', key).ok
local next_at = parts[kind] and parts[kind]() or ''
local text = function(value) return string.format('%.0f', value) end
return { kind, next_at, text(redis.call('PEXPIRETIME', key)), text(read), text(count), text(lane1), text(lane2) }
