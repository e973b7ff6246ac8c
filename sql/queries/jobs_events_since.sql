-- purpose: events of several jobs that were received at or after a time, as they were sent; one sent twice may come twice
-- parameters: jobs Array(String), since_ms Int64
-- grain: one row an event
-- unit: told_us in microseconds since the epoch, of an event sent without a time its arrival; received_ms in milliseconds
SELECT
    job,
    event_id,
    toUnixTimestamp64Milli(received_at) AS received_ms,
    if(time_us = 0, received_ms * 1000, time_us) AS told_us,
    body
FROM run_events
WHERE job IN {jobs:Array(String)} AND received_at >= fromUnixTimestamp64Milli({since_ms:Int64})
ORDER BY job, time_us, event_id
