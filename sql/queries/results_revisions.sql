-- purpose: why the past of a job was classified anew, revision by revision
-- parameters: job String
-- grain: one row a revision
-- unit: microseconds since the epoch; moved_s in seconds by from>to bucket
SELECT
    revision,
    computed_at_us,
    reason,
    changed_from_us,
    changed_to_us,
    moved_s,
    goodput_before_ratio,
    goodput_after_ratio
FROM job_revisions FINAL
WHERE job = {job:String}
ORDER BY revision
