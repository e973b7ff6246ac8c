-- purpose: executions of steps of one job that were over when it was published, as one page of a list that may be filtered
-- parameters: job String, revision UInt32, until_us Int64 (how far the publication reaches), from_us Int64, to_us Int64 (of the start), fate String, kind String ('': any), attempt Int32 (-1: any), after_us Int64, after_attempt Int32, after_step Int64, page UInt32
-- grain: one row an execution, in order of start
-- unit: microseconds; tokens of all its count steps
SELECT start_us, attempt, step, end_us, net_us, count, fate, kind, first_of_attempt, unlogged, tokens, devices
FROM
(
    SELECT *
    FROM job_steps FINAL
    WHERE job = {job:String}
      AND start_us >= greatest({from_us:Int64}, {after_us:Int64})
      AND start_us < {to_us:Int64}
      AND (start_us, attempt, step) > ({after_us:Int64}, {after_attempt:Int32}, {after_step:Int64})
      AND revision <= {revision:UInt32}
    ORDER BY start_us, attempt, step, revision DESC
    LIMIT 1 BY start_us, attempt, step
)
WHERE deleted = 0
  AND end_us <= {until_us:Int64}
  AND ({fate:String} = '' OR fate = {fate:String})
  AND ({kind:String} = '' OR kind = {kind:String})
  AND ({attempt:Int32} = -1 OR attempt = {attempt:Int32})
ORDER BY start_us, attempt, step
LIMIT {page:UInt32}
