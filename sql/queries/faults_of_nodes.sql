-- purpose: hardware and driver faults of some nodes, or of one job, in a stretch of time
-- parameters: job String, nodes Array(String), from_us Int64, to_us Int64
-- grain: one row a fault
-- unit: microseconds since the epoch
SELECT body
FROM run_events FINAL
WHERE type = 'fault'
  AND (job = {job:String} OR has({nodes:Array(String)}, node))
  AND time_us >= {from_us:Int64} AND time_us <= {to_us:Int64}
ORDER BY time_us, event_id
LIMIT 10000
