-- purpose: the newest times at which the derived series of one job were written
-- parameters: job String, points UInt32
-- grain: one row a time
-- unit: milliseconds since the epoch
SELECT DISTINCT toUnixTimestamp64Milli(ts) AS ts_ms
FROM series_points
WHERE series_id IN (SELECT series_id FROM series WHERE name = 'headway_job_state' AND labels['job'] = {job:String})
ORDER BY ts_ms DESC
LIMIT {points:UInt32}
