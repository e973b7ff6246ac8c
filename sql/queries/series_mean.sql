-- purpose: mean over time of the series of one name that are no device's own.
-- parameters: name String; from_ms, to_ms Int64; gap_ms Int64: nothing is known over a longer gap between two points.
-- grain: one row
-- unit: the series' own; mean is a trapezoid between points, over all series of the name; known_ms is how much time it is
--   of, added up over them. Null and 0 where there is none.
SELECT sum(area) / sum(shared_ms) AS mean, ifNull(sum(shared_ms), 0) AS known_ms
FROM
(
    SELECT
        least(time_ms, {to_ms:Int64}) - greatest(before_ms, {from_ms:Int64}) AS shared_ms,
        (point + before) / 2 * shared_ms AS area
    FROM
    (
        SELECT
            toUnixTimestamp64Milli(ts) AS time_ms,
            value AS point,
            lagInFrame(toNullable(time_ms), 1) OVER earlier AS before_ms,
            lagInFrame(toNullable(value), 1) OVER earlier AS before
        FROM series_points FINAL
        WHERE series_id IN (SELECT series_id FROM series WHERE name = {name:String} AND source = 'point')
            AND ts >= fromUnixTimestamp64Milli({from_ms:Int64} - {gap_ms:Int64}, 'UTC')
            AND ts <= fromUnixTimestamp64Milli({to_ms:Int64} + {gap_ms:Int64}, 'UTC')
        WINDOW earlier AS (PARTITION BY series_id ORDER BY ts ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
    )
    WHERE time_ms - before_ms <= {gap_ms:Int64} AND shared_ms > 0 AND isFinite(area)
)
