-- purpose: the ledger of every job over a range, for the roll-up of a fleet
-- parameters: from_us Int64, to_us Int64
-- grain: one row a job, bucket and cause that has seconds in the range
-- unit: wall_us in microseconds of the job, device_us in device-microseconds (NULL: nobody said how many devices)
SELECT
    job,
    tupleElement(part, 1) AS bucket,
    tupleElement(part, 2) AS cause,
    sum(tupleElement(part, 4) * (least(to_us, {to_us:Int64}) - greatest(from_us, {from_us:Int64}))) AS wall_us,
    if(countIf(isNull(devices)) > 0, NULL, sum((least(to_us, {to_us:Int64}) - greatest(from_us, {from_us:Int64})) * tupleElement(part, 3))) AS device_us
FROM
(
    SELECT
        *,
        isNotNull(stepping) AND bucket IN ('productive', 'program_startup', 'lost_work', 'in_flight') AS is_short,
        arrayJoin(if(
            is_short,
            [(toString(bucket), ifNull(toString(cause), ''), stepping, 1), ('elastic_slice_down', '', devices - stepping, 0)],
            [(toString(bucket), ifNull(toString(cause), ''), devices, 1)]
        )) AS part
    FROM
    (
        SELECT *
        FROM job_segments FINAL
        WHERE from_us < {to_us:Int64}
        ORDER BY job, from_us, revision DESC
        LIMIT 1 BY job, from_us
    )
    WHERE deleted = 0 AND to_us > {from_us:Int64}
)
GROUP BY job, bucket, cause
ORDER BY job, bucket, cause
