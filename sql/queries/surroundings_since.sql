-- purpose: faults and states of any machine or job that were received at or after a time; one sent twice may come twice
-- parameters: since_ms Int64 (milliseconds since the epoch)
-- grain: one row an event
-- unit: microseconds since the epoch
SELECT event_id, type, job, node, time_us, body
FROM run_events
WHERE type IN ('fault', 'node_state') AND received_at >= fromUnixTimestamp64Milli({since_ms:Int64})
ORDER BY time_us, event_id
