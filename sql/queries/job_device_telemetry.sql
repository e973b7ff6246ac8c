-- purpose: what the devices of a job drew and how busy they were in each bucket of its ledger, integrated over time.
-- parameters: place_nodes, place_devices Array(String), place_from_ms, place_to_ms Array(Int64): where the job was, one of
--   each a place; a device is a uid, an index as text, or empty for every device of the node. segment_buckets
--   Array(String), segment_from_ms, segment_to_ms Array(Int64): the ledger, in order, without gap or overlap; what was
--   between two scrapes is shared out over the segments by time. gap_ms Int64: no gauge is read over a longer gap.
--   counter_gap_ms Int64: nor the energy counter over one this long, unless the device was the job's all along.
--   power_max_w Float64: a counter that rose faster is not believed. step_ms Int64: one sample a device and step at most;
--   1 takes all.
-- grain: one row a device, target that told of it, and bucket
-- unit: milliseconds of which something is known; joules; hertz. Gauges are trapezoids between scrapes. counter_j is from
--   the energy counter, power_j from the power of a device without a counter; resets counts counters that began anew:
--   what they show then is what was drawn since. `tensor` is of tensor activity, from the cycle counters where the device
--   has them; `both` of tensor activity x SM clock.
WITH
    scrapes AS
    (
        -- label sets of one device (pods, slices of time) are one sample: their values are the device's
        SELECT
            node,
            device_uid,
            target,
            toUnixTimestamp64Milli(max(ts)) AS time_ms,
            any(device_index) AS index,
            argMax(energy_j, ts) AS energy,
            avg(power_w) AS power,
            avg(tensor_active_ratio) AS tensor,
            avg(sm_clock_hz) AS clock,
            argMax(mma_cycles_active, ts) AS mma_cycles,
            argMax(sm_cycles_elapsed, ts) AS sm_cycles,
            count(power_w) + count(tensor_active_ratio) + count(energy_j) + count(utilization_ratio) + count(sm_clock_hz) + count(sm_cycles_elapsed) > 0 AS told
        FROM device_samples
        WHERE partition = ''
            AND node IN {place_nodes:Array(String)}
            AND ts >= fromUnixTimestamp64Milli(arrayMin({place_from_ms:Array(Int64)}) - {counter_gap_ms:Int64}, 'UTC')
            AND ts <= fromUnixTimestamp64Milli(arrayMax({place_to_ms:Array(Int64)}) + {counter_gap_ms:Int64}, 'UTC')
        GROUP BY node, device_uid, target, intDiv(toUnixTimestamp64Milli(ts), {step_ms:Int64})
    ),
    pairs AS
    (
        SELECT
            node,
            device_uid,
            target,
            any(index) OVER device AS index,
            time_ms,
            lagInFrame(toNullable(time_ms), 1) OVER before AS before_ms,
            told AND lagInFrame(told, 1) OVER before AND time_ms - before_ms <= {gap_ms:Int64} AS is_near,
            if(is_near, (power + lagInFrame(power, 1) OVER before) / 2, NULL) AS power_w,
            mma_cycles - lagInFrame(mma_cycles, 1) OVER before AS mma_more,
            sm_cycles - lagInFrame(sm_cycles, 1) OVER before AS sm_more,
            -- the cycle counters miss nothing between scrapes; summed or averaged over the device, their ratio is the same
            mma_more >= 0 AND sm_more >= mma_more AND sm_more > 0 AS has_cycles,
            if(is_near, (clock + lagInFrame(clock, 1) OVER before) / 2, NULL) AS clock_hz,
            multiIf(
                NOT is_near, NULL,
                ifNull(has_cycles, 0), mma_more / sm_more,
                (tensor + lagInFrame(tensor, 1) OVER before) / 2
            ) AS tensor_ratio,
            multiIf(
                NOT is_near, NULL,
                ifNull(has_cycles, 0), tensor_ratio * clock_hz,
                (tensor * clock + lagInFrame(tensor * clock, 1) OVER before) / 2
            ) AS both_hz,
            energy,
            anyLast(energy) OVER earlier AS energy_before,
            anyLast(if(isNull(energy), NULL, time_ms)) OVER earlier AS energy_before_ms,
            -- no device draws nothing: a counter that never moved is frozen
            ifNull(max(energy) OVER device > min(energy) OVER device, 0) AS has_counter
        FROM scrapes
        WINDOW
            device AS (PARTITION BY node, device_uid, target),
            before AS (PARTITION BY node, device_uid, target ORDER BY time_ms ROWS BETWEEN 1 PRECEDING AND CURRENT ROW),
            earlier AS (PARTITION BY node, device_uid, target ORDER BY time_ms ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
    ),
    stretches AS
    (
        -- what the gauges tell of the time since the scrape before, and the counter of the time since its last reading
        SELECT
            node,
            device_uid,
            target,
            index,
            time_ms AS to_ms,
            arrayJoin([1, 0]) AS is_gauge,
            if(is_gauge, before_ms, energy_before_ms) AS from_ms,
            if(is_gauge, tensor_ratio, NULL) AS tensor,
            if(is_gauge, clock_hz, NULL) AS clock,
            if(is_gauge, both_hz, NULL) AS both,
            if(is_gauge AND NOT has_counter, power_w, NULL) AS power,
            if(is_gauge, NULL, 1000 * (energy - if(energy < energy_before, 0, energy_before)) / (time_ms - energy_before_ms)) AS counter_w,
            NOT is_gauge AND energy < energy_before AS is_reset
        FROM pairs
        WHERE if(is_gauge, is_near, has_counter AND counter_w <= {power_max_w:Float64})
    ),
    held AS
    (
        SELECT
            stretch.*,
            greatest(assumeNotNull(stretch.from_ms), place.from_ms, arrayMin({segment_from_ms:Array(Int64)})) AS start_ms,
            least(stretch.to_ms, place.to_ms, arrayMax({segment_to_ms:Array(Int64)})) AS end_ms
        FROM
        (
            SELECT *, arrayJoin(arrayDistinct(['', device_uid, ifNull(toString(index), '')])) AS device
            FROM stretches
        ) AS stretch
        INNER JOIN
        (
            SELECT p.1 AS node, p.2 AS device, p.3 AS from_ms, p.4 AS to_ms
            FROM
            (
                SELECT arrayJoin(arrayZip(
                    {place_nodes:Array(String)}, {place_devices:Array(String)},
                    {place_from_ms:Array(Int64)}, {place_to_ms:Array(Int64)}
                )) AS p
            )
        ) AS place ON place.node = stretch.node AND place.device = stretch.device
        WHERE start_ms < end_ms
            AND (
                stretch.to_ms - stretch.from_ms <= {counter_gap_ms:Int64}
                OR (stretch.from_ms >= place.from_ms AND stretch.to_ms <= place.to_ms)
            )
    ),
    shares AS
    (
        -- roundDown finds the segment that a time lies in: by halving, where a join would go through all of them
        SELECT
            *,
            arrayJoin(range(
                toUInt32(transform(roundDown(start_ms, {segment_from_ms:Array(Int64)}), {segment_from_ms:Array(Int64)}, arrayEnumerate({segment_from_ms:Array(Int64)}), 0)),
                toUInt32(transform(roundDown(end_ms - 1, {segment_from_ms:Array(Int64)}), {segment_from_ms:Array(Int64)}, arrayEnumerate({segment_from_ms:Array(Int64)}), 0)) + 1
            )) AS segment,
            {segment_buckets:Array(String)}[segment] AS bucket,
            {segment_from_ms:Array(Int64)}[segment] AS segment_from,
            {segment_to_ms:Array(Int64)}[segment] AS segment_to,
            least(end_ms, segment_to) - greatest(start_ms, segment_from) AS shared_ms,
            to_ms > segment_from AND to_ms <= segment_to AS is_scraped_here
        FROM held
    )
SELECT
    node,
    device_uid AS device,
    target,
    bucket,
    ifNull(sumIf(shared_ms, is_gauge), 0) AS sampled_ms,
    ifNull(sumIf(shared_ms, isNotNull(tensor)), 0) AS tensor_ms,
    ifNull(sum(tensor * shared_ms), 0) AS tensor_area,
    ifNull(sumIf(shared_ms, isNotNull(clock)), 0) AS clock_ms,
    ifNull(sum(clock * shared_ms), 0) AS clock_area,
    ifNull(sumIf(shared_ms, isNotNull(both)), 0) AS both_ms,
    ifNull(sum(both * shared_ms), 0) AS both_area,
    ifNull(sumIf(shared_ms, isNotNull(counter_w) OR isNotNull(power)), 0) AS energy_ms,
    ifNull(sum(counter_w * shared_ms), 0) / 1000 AS counter_j,
    ifNull(sum(power * shared_ms), 0) / 1000 AS power_j,
    countIf(is_reset AND is_scraped_here) AS resets
FROM shares
WHERE shared_ms > 0
GROUP BY node, device, target, bucket
