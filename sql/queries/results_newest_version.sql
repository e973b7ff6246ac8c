-- purpose: the newest version of any result row of one job, complete revision or not: later rows must be above it
-- parameters: job String
-- grain: one row
-- unit: microseconds since the epoch, or one above an earlier one; 0 when there are no rows
SELECT max(version) AS newest_version
FROM
(
    SELECT max(version) AS version FROM job_revisions WHERE job = {job:String}
    UNION ALL SELECT max(version) FROM job_specs WHERE job = {job:String}
    UNION ALL SELECT max(version) FROM job_steps WHERE job = {job:String}
    UNION ALL SELECT max(version) FROM job_segments WHERE job = {job:String}
    UNION ALL SELECT max(version) FROM job_incidents WHERE job = {job:String}
    UNION ALL SELECT max(version) FROM job_results WHERE job = {job:String}
)
