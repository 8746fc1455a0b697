// What the scripts of `redis-scripts.ts` are put together from.

/** What every script begins with: the clock, leases, keys and owners. */
export const COMMON = `
local P = ARGV[1]
local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)
local micros = tonumber(clock[1]) * 1000000 + tonumber(clock[2])
local function whole(number) return string.format('%.0f', number) end
local leases = {}
local function isLive(node)
  if leases[node] == nil then
    local till = redis.call('ZSCORE', P .. 'nodes', node)
    leases[node] = till ~= false and tonumber(till) > now
  end
  return leases[node]
end
local function keysOf(net)
  local base = P .. 'net:' .. net .. ':'
  return { own = base .. 'own', idx = base .. 'idx', rec = base .. 'rec', seek = base .. 'seek', want = base .. 'want' }
end
local function ownerOf(keys, id)
  local owner = redis.call('HGET', keys.own, id)
  if not owner then return nil, nil end
  return string.match(owner, '^(%d+):(.+)$')
end
local function publish(node, body)
  return redis.call('PUBLISH', P .. 'node:' .. node, '{"at":' .. whole(now) .. ',' .. body .. '}')
end
local function supersede(node, network, id, epoch)
  publish(node, '"superseded":{"network":' .. network .. ',"peerId":"' .. id .. '","epoch":' .. epoch .. '}')
end
local function own(keys, net, id, node, epoch)
  redis.call('HSET', keys.own, id, epoch .. ':' .. node)
  redis.call('SADD', P .. 'node:' .. node .. ':own', id .. net)
end
local function disown(keys, net, id, node, epoch)
  redis.call('ZREM', keys.idx, id .. ':' .. node .. ':' .. epoch)
  redis.call('SREM', P .. 'node:' .. node .. ':own', id .. net)
end
local function list(from)
  local items = {}
  local count = tonumber(ARGV[from])
  for i = 1, count do items[i] = ARGV[from + i] end
  return items, from + count + 1
end
`;

/** Walks over the index. A member whose node is past its lease is passed over. */
export const WALKS = `
local function walk(keys, command, from, to, want, found)
  local offset = 0
  while #found < want do
    local chunk = redis.call(command, keys.idx, from, to, 'LIMIT', offset, want)
    for _, member in ipairs(chunk) do
      local id, node = string.match(member, '^(%x+):([^:]+):')
      if #found < want and isLive(node) then found[#found + 1] = id end
    end
    if #chunk < want then return end
    offset = offset + want
  end
end
local function predecessors(keys, id, count)
  local found = {}
  walk(keys, 'ZREVRANGEBYLEX', '(' .. id .. ':', '-', count, found)
  walk(keys, 'ZREVRANGEBYLEX', '+', '(' .. id .. ';', count, found)
  return found
end
local function successors(keys, id, count)
  local found = {}
  walk(keys, 'ZRANGEBYLEX', '(' .. id .. ';', '+', count, found)
  walk(keys, 'ZRANGEBYLEX', '-', '(' .. id .. ':', count, found)
  return found
end
`;

/** Exact: subtrees are visited in the order of their distance, as `SortedRing.nearest` does. */
export const NEAREST = `
local SCAN = 32
local function distance(a, b, from)
  local x = tonumber(string.sub(a, from, from + 5), 16) or 0
  local y = tonumber(string.sub(b, from, from + 5), 16) or 0
  return bit.bxor(x, y)
end
local function nearest(keys, target, count)
  local found = {}
  local function collect(prefix)
    local block = redis.call('ZRANGEBYLEX', keys.idx, '[' .. prefix, '(' .. prefix .. 'g', 'LIMIT', 0, SCAN + 1)
    local from = #prefix + 1
    if #block > SCAN then
      local digit = tonumber(string.sub(target, from, from), 16)
      for step = 0, 15 do
        if #found >= count then return end
        collect(prefix .. string.format('%x', bit.bxor(digit, step)))
      end
      return
    end
    local leaf = {}
    for _, member in ipairs(block) do
      local id, node = string.match(member, '^(%x+):([^:]+):')
      if isLive(node) then leaf[#leaf + 1] = { id = id, far = distance(id, target, from) } end
    end
    table.sort(leaf, function(a, b)
      if a.far ~= b.far then return a.far < b.far end
      for at = from + 6, 40, 6 do
        local x, y = distance(a.id, target, at), distance(b.id, target, at)
        if x ~= y then return x < y end
      end
      return false
    end)
    for _, each in ipairs(leaf) do
      if #found < count then found[#found + 1] = each.id end
    end
  end
  collect('')
  return found
end
`;

/** Sends to whatever nodes hold the ids; gives those that nobody holds. */
export const SEND = `
local function send(keys, ids, head, tail)
  local absent, nodes, groups = {}, {}, {}
  for _, id in ipairs(ids) do
    local _, node = ownerOf(keys, id)
    if node == nil or not isLive(node) then
      absent[#absent + 1] = id
    else
      if groups[node] == nil then
        groups[node] = {}
        nodes[#nodes + 1] = node
      end
      table.insert(groups[node], id)
    end
  end
  for _, node in ipairs(nodes) do
    local group = groups[node]
    local to = '"to":["' .. table.concat(group, '","') .. '"]'
    if publish(node, head .. ',' .. to .. ',' .. tail) == 0 then
      for _, id in ipairs(group) do absent[#absent + 1] = id end
    end
  end
  return absent
end
`;
