-- purpose: how far the result rows of one job are complete, and the newest revision that was begun
-- parameters: job String
-- grain: one row; none when nothing of the job was ever published
-- unit: microseconds since the epoch
SELECT
    r.revision AS revision,
    r.state AS state,
    r.from_us AS from_us,
    r.accounted_until_us AS accounted_until_us,
    r.settled_until_us AS settled_until_us,
    r.open_attempt AS open_attempt,
    r.computed_at_us AS computed_at_us,
    b.begun AS begun_revision
FROM (SELECT * FROM job_results FINAL WHERE job = {job:String}) AS r
FULL JOIN (SELECT job, max(revision) AS begun FROM job_revisions WHERE job = {job:String} GROUP BY job) AS b ON b.job = r.job
