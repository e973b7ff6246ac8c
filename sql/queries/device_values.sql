-- purpose: samples of one column of device telemetry.
-- parameters: devices Array(String): labels_id as text; field Identifier: the column; the others as series_points.sql.
-- grain: one row a device, its samples in time order
-- unit: milliseconds, the column's neutral unit. A row without a
--   value ends the series; kinds as in series_points.sql.
SELECT
    id,
    samples.1 AS ts_ms,
    samples.2 AS points,
    if(arrayMax(samples.3) = 0, [], samples.3) AS kinds
FROM
(
    SELECT toString(labels_id) AS id, arraySort(sample -> sample.1, groupArray(newest)) AS samples
    FROM
    (
        SELECT labels_id, argMax((time_ms, if(isFinite(value), value, 0), kind), time_ms) AS newest
        FROM
        (
            SELECT
                labels_id,
                toUnixTimestamp64Milli(ts) AS time_ms,
                ifNull({field:Identifier}, 0) AS value,
                multiIf(
                    isNull({field:Identifier}), 1,
                    isNaN(value), 2,
                    isFinite(value), 0,
                    value > 0, 3,
                    4
                ) AS kind
            FROM device_samples
            WHERE labels_id IN (SELECT arrayJoin(arrayMap(id -> toUInt64(id), {devices:Array(String)})))
                AND ts >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
                AND ts <= fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
        )
        GROUP BY
            labels_id,
            if(
                {step_ms:Int64} = 0,
                time_ms,
                intDiv(greatest(time_ms - {origin_ms:Int64}, 0) + {step_ms:Int64} - 1, greatest({step_ms:Int64}, 1))
            )
        LIMIT {samples_limit:UInt64}
    )
    GROUP BY labels_id
)
