-- purpose: what was told of one machine: faults, states, ranks placed on it, attempts that list it, failures that name it;
--   placements and attempts from before the range too, because they may reach into it
-- parameters: node String, from_us Int64 (inclusive), to_us Int64 (exclusive), rows UInt32
-- grain: one row an event, newest first
-- unit: told_us in microseconds since the epoch
SELECT time_us AS told_us, body
FROM run_events FINAL
WHERE time_us < {to_us:Int64}
    AND (
        (type IN ('fault', 'node_state', 'fail') AND node = {node:String} AND time_us >= {from_us:Int64})
        OR (type = 'placement' AND node = {node:String})
        OR (type = 'attempt_start' AND has(JSONExtract(body, 'nodes', 'Array(String)'), {node:String}))
    )
ORDER BY time_us DESC, event_id
LIMIT {rows:UInt32}
