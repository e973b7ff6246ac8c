-- purpose: the ledger of a job in windows of one size, which add up to that of the whole range
-- parameters: job String, from_us Int64, to_us Int64, size_us Int64
-- grain: one row a window and bucket
-- unit: wall_us in microseconds of the job; window_from_us since the epoch
SELECT
    {from_us:Int64} + w * {size_us:Int64} AS window_from_us,
    bucket,
    sum(least(to_us, {to_us:Int64}, window_from_us + {size_us:Int64}) - greatest(from_us, {from_us:Int64}, window_from_us)) AS wall_us
FROM
(
    SELECT *
    FROM job_segments FINAL
    WHERE job = {job:String}
    ORDER BY from_us, revision DESC
    LIMIT 1 BY from_us
)
ARRAY JOIN range(
    toUInt64(intDiv(greatest(from_us, {from_us:Int64}) - {from_us:Int64}, {size_us:Int64})),
    toUInt64(greatest(0, intDiv(least(to_us, {to_us:Int64}) - 1 - {from_us:Int64}, {size_us:Int64}) + 1))
) AS w
WHERE deleted = 0 AND to_us > {from_us:Int64} AND from_us < {to_us:Int64}
GROUP BY w, bucket
ORDER BY w, bucket
