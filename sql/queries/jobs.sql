-- purpose: the jobs that ever sent an event, by name, one page at a time
-- parameters: after String, page UInt32
-- grain: one row a job
-- unit: first_event_us and newest_event_us in microseconds, newest_received_ms in milliseconds since the epoch
SELECT
    job,
    count() AS events,
    minIf(time_us, time_us > 0) AS first_event_us,
    max(time_us) AS newest_event_us,
    toUnixTimestamp64Milli(max(received_at)) AS newest_received_ms
FROM run_events FINAL
WHERE job != '' AND job > {after:String}
GROUP BY job
ORDER BY job
LIMIT {page:UInt32}
