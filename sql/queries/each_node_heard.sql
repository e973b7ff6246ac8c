-- purpose: when device telemetry of each of some nodes was last stored
-- parameters: nodes Array(String), since_ms Int64
-- grain: one row a node; none for a node of which nothing was stored since then
-- unit: microseconds since the epoch
SELECT node, toUnixTimestamp64Milli(max(ts)) * 1000 AS heard_us
FROM device_samples
WHERE node IN {nodes:Array(String)} AND ts >= fromUnixTimestamp64Milli({since_ms:Int64})
GROUP BY node
