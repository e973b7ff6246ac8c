-- purpose: hardware and driver faults, and states of machines, that concern any of some jobs or any of some machines
-- parameters: jobs Array(String), nodes Array(String), from_us Int64
-- grain: one row an event
-- unit: microseconds since the epoch
SELECT event_id, type, job, node, time_us, body
FROM run_events FINAL
WHERE type IN ('fault', 'node_state')
  AND (job IN {jobs:Array(String)} OR node IN {nodes:Array(String)})
  AND time_us >= {from_us:Int64}
ORDER BY time_us, event_id
