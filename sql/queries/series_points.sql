-- purpose: samples of series that have no column of their own.
-- parameters: ids Array(String): series_id as text; from_ms, to_ms Int64: both inclusive; origin_ms, step_ms Int64: with
--   a step, only the newest sample up to each of origin_ms, origin_ms + step_ms, ... is given; step 0 gives all; samples_limit UInt64: more are cut off,
--   so that a caller which asks for one more than it may have sees that there are more.
-- grain: one row a series, its samples in time order
-- unit: milliseconds, the series' own unit. A value that JSON cannot
--   say is 0 with a kind: 1 the series ends here, 2 NaN, 3 +Inf, 4 -Inf; `kinds` is empty where all are plain numbers.
SELECT
    id,
    samples.1 AS ts_ms,
    samples.2 AS points,
    if(arrayMax(samples.3) = 0, [], samples.3) AS kinds
FROM
(
    SELECT toString(series_id) AS id, arraySort(sample -> sample.1, groupArray(newest)) AS samples
    FROM
    (
        SELECT series_id, argMax((time_ms, if(isFinite(value), value, 0), kind), (time_ms, version)) AS newest
        FROM
        (
            SELECT
                series_id,
                version,
                value,
                toUnixTimestamp64Milli(ts) AS time_ms,
                multiIf(
                    reinterpretAsUInt64(value) = 0x7ff0000000000002, 1,
                    isNaN(value), 2,
                    isFinite(value), 0,
                    value > 0, 3,
                    4
                ) AS kind
            FROM series_points
            WHERE series_id IN (SELECT arrayJoin(arrayMap(id -> toUInt64(id), {ids:Array(String)})))
                AND ts >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
                AND ts <= fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
        )
        GROUP BY
            series_id,
            if(
                {step_ms:Int64} = 0,
                time_ms,
                intDiv(greatest(time_ms - {origin_ms:Int64}, 0) + {step_ms:Int64} - 1, greatest({step_ms:Int64}, 1))
            )
        LIMIT {samples_limit:UInt64}
    )
    GROUP BY series_id
)
