-- purpose: executions of steps of one job as of now, a page at a time
-- parameters: job String, after_us Int64, after_attempt Int32, after_step Int64, page UInt32
-- grain: one row an execution that is over, in order of start
-- unit: microseconds; tokens of all its count steps
SELECT start_us, attempt, step, end_us, net_us, count, fate, kind, first_of_attempt, unlogged, tokens, devices, revision
FROM
(
    SELECT *
    FROM job_steps FINAL
    WHERE job = {job:String}
      AND (start_us, attempt, step) > ({after_us:Int64}, {after_attempt:Int32}, {after_step:Int64})
    ORDER BY start_us, attempt, step, revision DESC
    LIMIT 1 BY start_us, attempt, step
)
WHERE deleted = 0
ORDER BY start_us, attempt, step
LIMIT {page:UInt32}
