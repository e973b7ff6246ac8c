-- purpose: how far the derived series of each job were written, of the jobs of one partition of the bus
-- parameters: partitions UInt32, partition UInt32; 1 and 0: of all jobs
-- grain: one row a job
-- unit: newest_ts_ms in milliseconds; newest_version in microseconds since the epoch, when it was written
SELECT s.job AS job, toUnixTimestamp64Milli(max(p.ts)) AS newest_ts_ms, max(p.version) AS newest_version
FROM series_points AS p
INNER JOIN
(
    SELECT series_id, any(labels['job']) AS job
    FROM series
    WHERE name = 'headway_job_state' AND kafkaMurmurHash(labels['job']) % {partitions:UInt32} = {partition:UInt32}
    GROUP BY series_id
) AS s ON s.series_id = p.series_id
WHERE p.series_id IN
(
    SELECT series_id
    FROM series
    WHERE name = 'headway_job_state' AND kafkaMurmurHash(labels['job']) % {partitions:UInt32} = {partition:UInt32}
)
GROUP BY job
