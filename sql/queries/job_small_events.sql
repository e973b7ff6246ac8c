-- purpose: everything that one job said beside steps and windows of collectives: attempts, spans, failures, marks, places
-- parameters: job String
-- grain: one row an event, in order of time
-- unit: told_us in microseconds since the epoch; of an event sent without a time it is its arrival
SELECT if(time_us = 0, toUnixTimestamp64Milli(received_at) * 1000, time_us) AS told_us, body
FROM run_events FINAL
WHERE job = {job:String} AND type NOT IN ('step', 'collective_window')
ORDER BY time_us, event_id
