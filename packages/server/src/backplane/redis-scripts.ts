import { COMMON, NEAREST, SEND, WALKS } from './redis-lua.js';

/**
 * What the index does at once, as Lua scripts of Redis (and Valkey), so that a join is one round trip and owners change
 * atomically. With the prefix P (`pp:` by default), the escaped name N of a network, and a node M:
 *
 * - `P net:N:own`: hash, id → `epoch:node`, who holds it. Epochs are µs of Redis' clock; later holders have larger ones.
 * - `P net:N:idx`: sorted set, all scores 0, of `id:node:epoch` for the discoverable. Ranges of ids are ranges of members.
 * - `P net:N:rec`: hash, id → `1` (ours) or `0` (a README client), then its record as JSON.
 * - `P net:N:seek`: sorted set of the ids that seek links, by time; `P net:N:want`: hash, id → how many.
 * - `P nodes`: sorted set, node → when its lease ends, ms of Redis' clock. Whoever is past it is as good as gone.
 * - `P node:M:own`: set of `id` + N, what it holds. `P node:M`: the channel it listens to.
 *
 * Keys are made up inside the scripts: Redis Cluster, which wants them declared and in one slot, will not do.
 */

/** P, N, network as JSON, id, node, over or ''. Gives `{1, epoch, record or ''}`, or `{0, node, epoch}` of the holder. */
const CLAIM = `${COMMON}
local net, network, id, node, over = ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local keys = keysOf(net)
local oldEpoch, oldNode = ownerOf(keys, id)
if oldEpoch and oldNode ~= node and oldEpoch ~= over and isLive(oldNode) then return { 0, oldNode, oldEpoch } end
local epoch = micros
if oldEpoch and tonumber(oldEpoch) >= epoch then epoch = tonumber(oldEpoch) + 1 end
epoch = whole(epoch)
local record = redis.call('HGET', keys.rec, id)
if oldEpoch then
  disown(keys, net, id, oldNode, oldEpoch)
  if oldNode ~= node then supersede(oldNode, network, id, oldEpoch) end
end
own(keys, net, id, node, epoch)
if record then redis.call('ZADD', keys.idx, 0, id .. ':' .. node .. ':' .. epoch) end
return { 1, epoch, record or '' }
`;

/**
 * P, N, network as JSON, id, node, epoch, member, around, nearest, random, seeking, most seekers, also. Gives `{ids, members, drawn,
 * seeking, held}`, or nothing when somebody else holds the id. Index and node may have been apart: then it is put right here.
 */
const ANNOUNCE = `${COMMON}${WALKS}${NEAREST}
local net, network, id, node, epoch, member = ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7]
local around, near, random = tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])
local seeking, mostSeekers, also = tonumber(ARGV[11]), tonumber(ARGV[12]), list(13)
local keys = keysOf(net)
local oldEpoch, oldNode = ownerOf(keys, id)
if oldEpoch ~= epoch or oldNode ~= node then
  if oldEpoch then
    if oldNode ~= node and isLive(oldNode) and tonumber(oldEpoch) >= tonumber(epoch) then return false end
    disown(keys, net, id, oldNode, oldEpoch)
    if oldNode ~= node then supersede(oldNode, network, id, oldEpoch) end
  end
  own(keys, net, id, node, epoch)
end
redis.call('ZADD', keys.idx, 0, id .. ':' .. node .. ':' .. epoch)
redis.call('HSET', keys.rec, id, member)

local drawn = {}
for _, other in ipairs(redis.call('ZRANDMEMBER', keys.idx, random)) do
  local otherId, otherNode = string.match(other, '^(%x+):([^:]+):')
  if otherId ~= id and isLive(otherNode) then drawn[#drawn + 1] = otherId end
end

redis.call('ZREM', keys.seek, id)
redis.call('HDEL', keys.want, id)
local matched = {}
if seeking > 0 then
  for _, other in ipairs(redis.call('ZREVRANGE', keys.seek, 0, mostSeekers)) do
    if #matched >= seeking then break end
    if redis.call('HINCRBY', keys.want, other, -1) <= 0 then
      redis.call('ZREM', keys.seek, other)
      redis.call('HDEL', keys.want, other)
    end
    local _, otherNode = ownerOf(keys, other)
    if otherNode and isLive(otherNode) and redis.call('HEXISTS', keys.rec, other) == 1 then
      matched[#matched + 1] = other
    end
  end
  if seeking > #matched then
    redis.call('ZADD', keys.seek, micros, id)
    redis.call('HSET', keys.want, id, seeking - #matched)
    local over = redis.call('ZCARD', keys.seek) - mostSeekers
    if over > 0 then
      for _, oldest in ipairs(redis.call('ZRANGE', keys.seek, 0, over - 1)) do
        redis.call('ZREM', keys.seek, oldest)
        redis.call('HDEL', keys.want, oldest)
      end
    end
  end
end

local held = {}
for _, other in ipairs(also) do
  local _, otherNode = ownerOf(keys, other)
  if otherNode and isLive(otherNode) then held[#held + 1] = other end
end

local ids, seen = {}, { [id] = true }
local function take(others)
  for _, other in ipairs(others) do
    if not seen[other] then
      seen[other] = true
      ids[#ids + 1] = other
    end
  end
end
take(predecessors(keys, id, around))
take(successors(keys, id, around))
take(nearest(keys, id, near + 1))
take(held)
take(drawn)
take(matched)
local members = {}
for from = 1, #ids, 1000 do
  for _, each in ipairs(redis.call('HMGET', keys.rec, unpack(ids, from, math.min(from + 999, #ids)))) do
    members[#members + 1] = each or ''
  end
end
return { ids, members, drawn, matched, held }
`;

/** P, N, network as JSON, id, node, epoch, stays (1 or 0), head, tail, known by, told. */
const DEPART = `${COMMON}${WALKS}${SEND}
local net, network, id, node, epoch, stays = ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7]
local head, tail = ARGV[8], ARGV[9]
local knownBy, at = list(10)
local told = list(at)
local keys = keysOf(net)
local oldEpoch, oldNode = ownerOf(keys, id)
if oldEpoch ~= epoch then return 0 end
local wasThere = redis.call('ZREM', keys.idx, id .. ':' .. oldNode .. ':' .. epoch) == 1
redis.call('HDEL', keys.rec, id)
redis.call('ZREM', keys.seek, id)
redis.call('HDEL', keys.want, id)
if stays == '0' then
  redis.call('HDEL', keys.own, id)
  redis.call('SREM', P .. 'node:' .. oldNode .. ':own', id .. net)
  if oldNode ~= node then supersede(oldNode, network, id, epoch) end
end
if not wasThere then return 0 end
local seen, to = {}, {}
for _, other in ipairs(told) do seen[other] = true end
local function take(others)
  for _, other in ipairs(others) do
    if not seen[other] and redis.call('HEXISTS', keys.rec, other) == 1 then
      seen[other] = true
      to[#to + 1] = other
    end
  end
end
take(predecessors(keys, id, 1))
take(successors(keys, id, 1))
take(knownBy)
send(keys, to, head, tail)
return #to
`;

/** P, N, head, tail, ids. Gives those that nobody holds. */
const FORWARD = `${COMMON}${SEND}
return send(keysOf(ARGV[2]), list(5), ARGV[3], ARGV[4])
`;

/** P, node, body. Gives how many listen. */
const POST = `${COMMON}
return publish(ARGV[2], ARGV[3])
`;

/**
 * P, node, how many, then for each N, network as JSON, id, epoch, member or ''. What the node holds is written down again, unless a
 * live node holds it with a larger epoch. Gives the numbers, from 1, of those refused.
 */
const RESTORE = `${COMMON}
local node, count = ARGV[2], tonumber(ARGV[3])
local refused = {}
for i = 1, count do
  local at = 3 + (i - 1) * 5
  local net, network, id, epoch, member = ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4], ARGV[at + 5]
  local keys = keysOf(net)
  local oldEpoch, oldNode = ownerOf(keys, id)
  local isOlder = oldEpoch and tonumber(oldEpoch) >= tonumber(epoch)
  if isOlder and oldNode ~= node and isLive(oldNode) then
    refused[#refused + 1] = i
  elseif not (isOlder and oldNode == node and oldEpoch ~= epoch) then
    if oldEpoch and (oldEpoch ~= epoch or oldNode ~= node) then
      disown(keys, net, id, oldNode, oldEpoch)
      if oldNode ~= node then supersede(oldNode, network, id, oldEpoch) end
    end
    own(keys, net, id, node, epoch)
    if member ~= '' then
      redis.call('ZADD', keys.idx, 0, id .. ':' .. node .. ':' .. epoch)
      redis.call('HSET', keys.rec, id, member)
    else
      redis.call('ZREM', keys.idx, id .. ':' .. node .. ':' .. epoch)
      redis.call('HDEL', keys.rec, id)
    end
  end
end
return refused
`;

/**
 * P, node, lease in ms. Gives `{1 if the lease had lapsed, now, listeners to the node's channel, ids it holds, live nodes, when the
 * next lease ends or '', dead nodes}`.
 */
const HEARTBEAT = `${COMMON}
local node, ttl = ARGV[2], tonumber(ARGV[3])
local lapsed = isLive(node) and 0 or 1
redis.call('ZADD', P .. 'nodes', now + ttl, node)
local listeners = publish(node, '"from":"' .. node .. '"')
local dead = redis.call('ZRANGEBYSCORE', P .. 'nodes', '-inf', now, 'LIMIT', 0, 16)
local live = redis.call('ZRANGEBYSCORE', P .. 'nodes', '(' .. whole(now), '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
local held = redis.call('SCARD', P .. 'node:' .. node .. ':own')
return { lapsed, whole(now), listeners, held, redis.call('ZCOUNT', P .. 'nodes', '(' .. whole(now), '+inf'), live[2] or '', dead }
`;

/** P, node, how many at most, and 1 if it is done even to a live one. Removes what a dead node holds. Gives `{removed, left}`. */
const REAP = `${COMMON}
local node, most = ARGV[2], tonumber(ARGV[3])
if ARGV[4] ~= '1' and isLive(node) then return { 0, 0 } end
local set = P .. 'node:' .. node .. ':own'
local removed = 0
for _, item in ipairs(redis.call('SPOP', set, most)) do
  local id, keys = string.sub(item, 1, 40), keysOf(string.sub(item, 41))
  local epoch, owner = ownerOf(keys, id)
  if owner == node then
    redis.call('HDEL', keys.own, id)
    redis.call('HDEL', keys.rec, id)
    redis.call('ZREM', keys.seek, id)
    redis.call('HDEL', keys.want, id)
    redis.call('ZREM', keys.idx, id .. ':' .. node .. ':' .. epoch)
    removed = removed + 1
  end
end
local left = redis.call('SCARD', set)
if left == 0 then redis.call('ZREM', P .. 'nodes', node) end
return { removed, left }
`;

/** P, node, `id` + N each. Removes what the node does not hold any more. */
const DISOWN = `${COMMON}
local node = ARGV[2]
for _, item in ipairs(list(3)) do
  local net = string.sub(item, 41)
  local id, keys = string.sub(item, 1, 40), keysOf(net)
  local epoch, owner = ownerOf(keys, id)
  redis.call('SREM', P .. 'node:' .. node .. ':own', item)
  if owner == node then
    redis.call('HDEL', keys.own, id)
    redis.call('HDEL', keys.rec, id)
    redis.call('ZREM', keys.idx, id .. ':' .. node .. ':' .. epoch)
  end
end
return 1
`;

/** Every script by its name. */
export const SCRIPTS = {
  claim: CLAIM,
  announce: ANNOUNCE,
  depart: DEPART,
  forward: FORWARD,
  post: POST,
  restore: RESTORE,
  heartbeat: HEARTBEAT,
  reap: REAP,
  disown: DISOWN,
} as const;

export type ScriptName = keyof typeof SCRIPTS;
