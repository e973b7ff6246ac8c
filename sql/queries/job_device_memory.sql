-- purpose: how much memory the devices of a job used at most.
-- parameters: place_nodes, place_devices Array(String), place_from_ms, place_to_ms Array(Int64): as job_device_telemetry.sql
-- grain: one row a device and target that told of it
-- unit: bytes; null where the device does not tell
SELECT
    node,
    device_uid AS device,
    target,
    max(memory_used_bytes) AS used_bytes,
    max(memory_reserved_bytes) AS reserved_bytes,
    max(ifNull(memory_total_bytes, memory_used_bytes + memory_free_bytes + ifNull(memory_reserved_bytes, 0))) AS total_bytes
FROM
(
    SELECT *, arrayJoin(arrayDistinct(['', device_uid, ifNull(toString(device_index), '')])) AS place
    FROM device_samples
    WHERE partition = ''
        AND node IN {place_nodes:Array(String)}
        AND ts >= fromUnixTimestamp64Milli(arrayMin({place_from_ms:Array(Int64)}), 'UTC')
        AND ts < fromUnixTimestamp64Milli(arrayMax({place_to_ms:Array(Int64)}), 'UTC')
) AS sample
INNER JOIN
(
    SELECT p.1 AS place_node, p.2 AS place, p.3 AS from_ms, p.4 AS to_ms
    FROM
    (
        SELECT arrayJoin(arrayZip(
            {place_nodes:Array(String)}, {place_devices:Array(String)},
            {place_from_ms:Array(Int64)}, {place_to_ms:Array(Int64)}
        )) AS p
    )
) AS places ON sample.node = places.place_node AND sample.place = places.place
WHERE toUnixTimestamp64Milli(ts) >= places.from_ms AND toUnixTimestamp64Milli(ts) < places.to_ms
GROUP BY node, device, target
