-- Prepended to every script that compares values. A value is the multiset of its members: the SHA-1s of all members are
-- added up, so that neither the order in which a server lists them (hash tables, LC_COLLATE) nor the parts in which they
-- are read matter. Numbers are written in one notation, because versions of Redis print the same double differently.
local LANE = 281474976710656 -- 2^48, so that a sum stays exact in a double; two lanes are 96 bits of each SHA-1
local count, read, lane1, lane2 = 0, 0, 0, 0

local function begin() count, read, lane1, lane2 = 0, 0, 0, 0 end

local function add(member)
  local hash = redis.sha1hex(member)
  count, read = count + 1, read + #member
  lane1 = (lane1 + tonumber(string.sub(hash, 1, 12), 16)) % LANE
  lane2 = (lane2 + tonumber(string.sub(hash, 13, 24), 16)) % LANE
end

local function sized(text) return #text .. ':' .. text end

-- The shortest notation that gives the same double again everywhere; -0 is 0, as newer versions store it.
local function number_text(value) return string.format('%.17g', tonumber(value) + 0) end

local function flat(value)
  if type(value) == 'number' then return sized(number_text(value)) end
  if type(value) ~= 'table' then return sized(tostring(value)) end
  local parts = { '[' .. #value }
  for i = 1, #value do parts[i + 1] = flat(value[i]) end
  return table.concat(parts)
end

local function map_of(list)
  local map = {}
  for i = 1, #list, 2 do map[list[i]] = list[i + 1] end
  return map
end

local LIVES_AT_ONCE = 500 -- Lua's unpack takes fewer than 8000
local has_lives = true

-- Expiries of a hash's fields, Unix ms, at the same positions as their names; nothing where the server has none.
local function lives_of(key, pairs_list)
  if not has_lives then return {} end
  local lives = {}
  for from = 1, #pairs_list, 2 * LIVES_AT_ONCE do
    local names = {}
    for i = from, math.min(from + 2 * LIVES_AT_ONCE - 2, #pairs_list), 2 do names[#names + 1] = pairs_list[i] end
    local found = redis.pcall('HPEXPIRETIME', key, 'FIELDS', #names, unpack(names))
    if found.err then
      -- An error but this one, such as a missing right, must not make a life that differs look equal.
      if not string.find(string.lower(found.err), 'unknown') then error(found) end
      has_lives = false
      return {}
    end
    for i, at in ipairs(found) do lives[from + 2 * i - 2] = at end
  end
  return lives
end

local function add_fields(key, list, fields_after)
  local lives = lives_of(key, list)
  for i = 1, #list, 2 do
    local at = lives[i] or -1
    -- A field that is about to expire may be gone on one server and not yet on another.
    -- Both parts have their lengths, so that no value can spell a life.
    local field = sized(list[i]) .. sized(list[i + 1])
    if at == -1 then
      add(field)
    elseif at > fields_after then
      add(field .. string.format('%.0f', at))
    end
  end
end

local function add_list(list, from) for i = 1, #list do add((from + i) .. ':' .. list[i]) end end
local function add_set(list) for i = 1, #list do add(list[i]) end end
local function add_scores(list) for i = 1, #list, 2 do add(number_text(list[i + 1]) .. ':' .. list[i]) end end
local function add_entries(list) for i = 1, #list do add('entry ' .. flat(list[i])) end end
local function add_pending(group, list)
  -- How long an entry idles depends on when it is asked: id, consumer and deliveries are what is stored.
  for i = 1, #list do add('pending ' .. sized(group) .. flat({ list[i][1], list[i][2], list[i][4] })) end
end

-- A stream's own fields and its groups, but for what is pending. Lag is computed, differently from version to version.
local function add_stream(key)
  local of = map_of(redis.call('XINFO', 'STREAM', key))
  add('stream ' .. flat({ of['last-generated-id'], of['max-deleted-entry-id'] or '', of['entries-added'] or '' }))
  local groups = redis.call('XINFO', 'GROUPS', key)
  for i = 1, #groups do
    local group = map_of(groups[i])
    add('group ' .. flat({ group.name, group['last-delivered-id'], group['entries-read'] or 'unknown', group.pending }))
    for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', key, group.name)) do
      add('consumer ' .. sized(group.name) .. map_of(consumer).name)
    end
    groups[i] = group
  end
  return groups
end
