-- purpose: events of one job that were received at or after a time, as they were sent; one sent twice may come twice
-- parameters: job String, since_ms Int64
-- grain: one row an event
-- unit: time_us in microseconds, received_ms in milliseconds since the epoch
SELECT event_id, time_us, toUnixTimestamp64Milli(received_at) AS received_ms, body
FROM run_events
WHERE job = {job:String} AND received_at >= fromUnixTimestamp64Milli({since_ms:Int64})
ORDER BY time_us, event_id
