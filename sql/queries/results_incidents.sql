-- purpose: the incidents of one job as of one of its revisions
-- parameters: job String, revision UInt32
-- grain: one row an incident, in order of their begin
-- unit: seconds from failed_at_us; *_us in microseconds since the epoch
SELECT * EXCEPT (job, version, deleted)
FROM
(
    SELECT *
    FROM job_incidents FINAL
    WHERE job = {job:String} AND revision <= {revision:UInt32}
    ORDER BY id, revision DESC
    LIMIT 1 BY id
)
WHERE deleted = 0
ORDER BY failed_at_us, id
