-- purpose: steps of one job that began at or after a time, as they were told
-- parameters: job String, from_us Int64
-- grain: one row an event
-- unit: microseconds since the epoch
SELECT time_us AS told_us, body
FROM run_events FINAL
WHERE job = {job:String} AND type = 'step' AND time_us >= {from_us:Int64}
ORDER BY time_us, event_id
