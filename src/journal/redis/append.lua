-- Numbers messages and adds them to the stream. Runs as one step, so that versions have no gaps.
-- KEYS: stream, state, ids.
-- ARGV: epoch, messages to retain, bytes to retain; then for each message its id and its JSON
--       before and after the value of `at`, without `{"version":<version>`.
-- Returns the epoch, and for each message its version and 1 if its id was there before. If the
-- epoch is another one, or parts of the stream are gone, returns that there is none.
local stream, state, ids = KEYS[1], KEYS[2], KEYS[3]
local epoch, max_messages, max_bytes = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local held = redis.call('HMGET', state, 'epoch', 'head', 'bytes')
local count = redis.call('XLEN', stream)
if held[1] ~= epoch or count ~= redis.call('HLEN', ids) then return {} end
local head, bytes = tonumber(held[2]), tonumber(held[3])
if (head == 0) ~= (count == 0) then return {} end

-- Milliseconds since 1970, as the servers print them: at least one decimal, no trailing zeros.
local now = redis.call('TIME')
local millis = math.floor(now[2] / 1000)
local fraction = string.format('%03d', now[2] % 1000):gsub('0+$', '')
local at = string.format('%.0f', now[1] * 1000 + millis) .. '.' .. (fraction == '' and '0' or fraction)

local oldest = head - count + 1

-- The newest message is retained whatever its size. After a start with smaller limits, the next
-- calls evict the rest: a script stops all other clients of Redis.
local evictions = 10000
local function evict()
  while evictions > 0 and count > 1 and (count > max_messages or bytes > max_bytes) do
    evictions = evictions - 1
    local position = string.format('0-%.0f', oldest)
    local evicted = redis.call('XRANGE', stream, position, position)[1][2]
    redis.call('HDEL', ids, evicted[2])
    bytes, count, oldest = bytes - #evicted[4], count - 1, oldest + 1
  end
end

local reply = { epoch }
for index = 4, #ARGV, 3 do
  local id = ARGV[index]
  local version = redis.call('HGET', ids, id)
  reply[#reply + 1] = version or string.format('%.0f', head + 1)
  reply[#reply + 1] = version and 1 or 0
  if not version then
    head, count = head + 1, count + 1
    version = string.format('%.0f', head)
    local json = '{"version":' .. version .. ARGV[index + 1] .. at .. ARGV[index + 2]
    redis.call('XADD', stream, '0-' .. version, 'id', id, 'json', json)
    redis.call('HSET', ids, id, version)
    bytes = bytes + #json
    evict()
  end
end
evict() -- without messages: the limits may be smaller than before
redis.call('XTRIM', stream, 'MINID', '=', string.format('0-%.0f', oldest))
redis.call('HSET', state, 'head', string.format('%.0f', head), 'bytes', string.format('%.0f', bytes))
return reply
