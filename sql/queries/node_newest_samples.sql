-- purpose: the newest telemetry row of every device of one machine
-- parameters: node String, from_ms Int64 (inclusive), to_ms Int64 (exclusive)
-- grain: one row a device and target (partitions of a device are devices of their own)
-- unit: sampled_ms in milliseconds since the epoch; columns in the neutral units of domain/catalog/device-columns.ts
SELECT * EXCEPT (ts, labels_id, rest), toUnixTimestamp64Milli(ts) AS sampled_ms
FROM device_samples
WHERE node = {node:String}
    AND ts >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
    AND ts < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
ORDER BY ts DESC
LIMIT 1 BY device_uid, device_index, target, partition
