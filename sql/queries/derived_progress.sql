-- purpose: how far the derived series of each job were written
-- parameters: none
-- grain: one row a job
-- unit: newest_ts_ms in milliseconds; newest_version in microseconds since the epoch, when it was written
SELECT s.labels['job'] AS job, toUnixTimestamp64Milli(max(p.ts)) AS newest_ts_ms, max(p.version) AS newest_version
FROM series_points AS p
INNER JOIN (SELECT series_id, any(labels) AS labels FROM series WHERE name = 'headway_job_state' GROUP BY series_id) AS s
    ON s.series_id = p.series_id
WHERE p.series_id IN (SELECT series_id FROM series WHERE name = 'headway_job_state')
GROUP BY job
