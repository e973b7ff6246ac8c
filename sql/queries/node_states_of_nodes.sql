-- purpose: states of some nodes (healthy, unhealthy, quarantined, ...) in a stretch of time
-- parameters: nodes Array(String), from_us Int64, to_us Int64
-- grain: one row a change of state
-- unit: microseconds since the epoch
SELECT body
FROM run_events FINAL
WHERE type = 'node_state'
  AND has({nodes:Array(String)}, node)
  AND time_us >= {from_us:Int64} AND time_us <= {to_us:Int64}
ORDER BY time_us, event_id
LIMIT 10000
