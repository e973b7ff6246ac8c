-- purpose: device-seconds of a job by bucket and cause over a range, and what they cost
-- parameters: job String, from_us Int64, to_us Int64
-- grain: one row a bucket and cause, the costliest first; devices that an elastic job holds and does not train with are elastic_slice_down
-- unit: device_us in device-microseconds (NULL: nobody said how many devices); cost in the currency of the price, NULL without one
WITH
    (SELECT argMax(price_per_device_hour, spec_version) FROM job_specs FINAL WHERE job = {job:String}) AS price
SELECT
    tupleElement(part, 1) AS bucket,
    tupleElement(part, 2) AS cause,
    if(countIf(isNull(devices)) > 0, NULL, sum((least(to_us, {to_us:Int64}) - greatest(from_us, {from_us:Int64})) * tupleElement(part, 3))) AS device_us,
    device_us / 3.6e9 * price AS cost
FROM
(
    SELECT
        *,
        isNotNull(stepping) AND bucket IN ('productive', 'program_startup', 'lost_work', 'in_flight') AS is_short,
        arrayJoin(if(
            is_short,
            [(toString(bucket), ifNull(toString(cause), ''), stepping), ('elastic_slice_down', '', devices - stepping)],
            [(toString(bucket), ifNull(toString(cause), ''), devices)]
        )) AS part
    FROM
    (
        SELECT *
        FROM job_segments FINAL
        WHERE job = {job:String}
        ORDER BY from_us, revision DESC
        LIMIT 1 BY from_us
    )
    WHERE deleted = 0 AND to_us > {from_us:Int64} AND from_us < {to_us:Int64}
)
GROUP BY bucket, cause
ORDER BY device_us DESC, bucket, cause
