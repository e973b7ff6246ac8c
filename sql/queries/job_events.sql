-- purpose: every event of one job, each once, as it was sent
-- parameters: job String
-- grain: one row an event
-- unit: time_us in microseconds since the epoch; of an event sent without a time it is its arrival
SELECT time_us, body
FROM run_events FINAL
WHERE job = {job:String}
ORDER BY time_us, event_id
