-- purpose: the account of one job as of one of its revisions
-- parameters: job String, revision UInt32
-- grain: one row a stretch, in order of time
-- unit: microseconds since the epoch
SELECT from_us, to_us, bucket, attempt, name, cause, devices, stepping, revision
FROM
(
    SELECT *
    FROM job_segments FINAL
    WHERE job = {job:String} AND revision <= {revision:UInt32}
    ORDER BY from_us, revision DESC
    LIMIT 1 BY from_us
)
WHERE deleted = 0
ORDER BY from_us
