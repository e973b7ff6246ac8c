-- purpose: the state of a machine as of a time
-- parameters: node String, to_us Int64 (exclusive)
-- grain: one row, or none when nobody told its state
-- unit: told_us in microseconds since the epoch
SELECT time_us AS told_us, body
FROM run_events FINAL
WHERE type = 'node_state' AND node = {node:String} AND time_us < {to_us:Int64}
ORDER BY time_us DESC, event_id
LIMIT 1
