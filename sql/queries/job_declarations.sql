-- purpose: what a job said of itself beside steps and failures: its descriptions, attempts, spans and capacity
-- parameters: job String
-- grain: one row an event, in order of time
-- unit: told_us in microseconds since the epoch; of an event sent without a time it is its arrival
SELECT if(time_us = 0, toUnixTimestamp64Milli(received_at) * 1000, time_us) AS told_us, body
FROM run_events FINAL
WHERE job = {job:String} AND type IN ('job', 'attempt_start', 'attempt_end', 'span', 'capacity')
ORDER BY time_us, event_id
