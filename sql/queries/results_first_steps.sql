-- purpose: where the first step of each attempt of a job began, evaluation aside, as it was last published
-- parameters: job String, revision UInt32, until_us Int64 (how far the publication reaches)
-- grain: one row an attempt that has such a step which is over
-- unit: microseconds since the epoch
SELECT attempt, min(start_us) AS start_us
FROM
(
    SELECT *
    FROM job_steps FINAL
    WHERE job = {job:String} AND revision <= {revision:UInt32}
    ORDER BY start_us, attempt, step, revision DESC
    LIMIT 1 BY start_us, attempt, step
)
WHERE deleted = 0 AND kind != 'eval' AND end_us <= {until_us:Int64}
GROUP BY attempt
ORDER BY attempt
