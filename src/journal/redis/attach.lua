-- Compares a server's log with the stream, and begins a new epoch if they cannot be parts of one
-- log. Runs on every new connection that messages pass, before anything else.
-- KEYS: stream, state, ids.
-- ARGV: an epoch that was never used; the run id of this Redis; 1 if it keeps what it acknowledges
--       when it restarts; epoch, head and newest message of the server's log, empty at its start.
-- Returns the epoch, the oldest version, the head, and why a new epoch began; or only what else the
-- keys hold. Then they are not touched. Nothing is written if nothing has changed: a Redis that is
-- full can still be read.
local stream, state, ids = KEYS[1], KEYS[2], KEYS[3]
local candidate, run_id, durable = ARGV[1], ARGV[2], ARGV[3]
local log_epoch, log_head, log_newest = ARGV[4], tonumber(ARGV[5]), ARGV[6]
for key, kind in pairs({ [stream] = 'stream', [state] = 'hash', [ids] = 'hash' }) do
  local found = redis.call('TYPE', key).ok
  if found ~= 'none' and found ~= kind then return { key .. ' is a ' .. found } end
end

local held = redis.call('HMGET', state, 'format', 'epoch', 'head', 'run_id', 'durable')
local count = redis.call('XLEN', stream)
local newest = redis.call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1]
local has_state = held[1] and held[2] and held[3]
local is_ours = not newest or (newest[2][1] == 'id' and newest[2][3] == 'json')
if has_state and held[1] ~= '1' then
  return { stream .. ' was written by another version of Trifold' }
elseif not has_state and not is_ours then
  return { stream .. ' belongs to another program' }
elseif not has_state and log_epoch == '' and redis.call('EXISTS', stream, state, ids) > 0 then
  return { stream .. ' is incomplete; delete ' .. table.concat(KEYS, ', ') }
end

local epoch, head, reason = held[2], tonumber(held[3] or 0), ''
local is_complete = has_state and count == redis.call('HLEN', ids)
  and (newest and newest[1] or '0-0') == string.format('0-%.0f', head)
if not is_complete then
  if has_state or log_epoch ~= '' then reason = 'a part of the stream is gone' end
  redis.call('DEL', stream, state, ids)
  redis.call('HSET', state, 'format', 1, 'head', 0, 'bytes', 0)
  epoch, head, count = nil, 0, 0
elseif held[4] ~= run_id and (durable ~= '1' or held[5] ~= '1') then
  epoch, reason = nil, 'Redis restarted or was replaced, and may have lost messages'
elseif epoch == log_epoch and log_head > head then
  epoch, reason = nil, 'Redis has lost messages'
elseif epoch == log_epoch and log_head > head - count then
  local position = string.format('0-%.0f', log_head)
  local entry = redis.call('XRANGE', stream, position, position)[1]
  if entry[2][4] ~= log_newest then epoch, reason = nil, 'Redis has replaced messages' end
end
if not epoch or held[4] ~= run_id or held[5] ~= durable then
  epoch = epoch or candidate
  redis.call('HSET', state, 'epoch', epoch, 'run_id', run_id, 'durable', durable)
end
return { epoch, string.format('%.0f', head - count + 1), string.format('%.0f', head), reason }
