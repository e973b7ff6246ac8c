-- purpose: when device telemetry of any of some nodes was last stored
-- parameters: nodes Array(String), since_ms Int64
-- grain: one row
-- unit: microseconds since the epoch; 0 when nothing was heard since then
SELECT toUnixTimestamp64Milli(max(ts)) * 1000 AS heard_us
FROM device_samples
WHERE node IN {nodes:Array(String)} AND ts >= fromUnixTimestamp64Milli({since_ms:Int64})
