-- purpose: the newest executions of steps of one job that were over when it was published
-- parameters: job String, revision UInt32, until_us Int64 (how far the publication reaches), rows UInt32
-- grain: one row an execution, the newest start first
-- unit: microseconds
SELECT start_us, attempt, step, end_us, count, fate
FROM
(
    SELECT *
    FROM job_steps FINAL
    WHERE job = {job:String} AND revision <= {revision:UInt32}
    ORDER BY start_us DESC, attempt DESC, step DESC, revision DESC
    LIMIT 1 BY start_us, attempt, step
)
WHERE deleted = 0 AND end_us <= {until_us:Int64}
ORDER BY start_us DESC, attempt DESC, step DESC
LIMIT {rows:UInt32}
