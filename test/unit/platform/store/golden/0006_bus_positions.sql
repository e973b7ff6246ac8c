-- 0006_bus_positions.sql, for a cluster

CREATE TABLE IF NOT EXISTS `headway`.`bus_fences` ON CLUSTER `prod`
(
    name String,
    epoch UInt64,
    owner String,
    claimed_at DateTime64(3, 'UTC')
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/everywhere/headway/bus_fences', '{shard}-{replica}', epoch)
ORDER BY name
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS `headway`.`bus_positions` ON CLUSTER `prod`
(
    name String,
    producer String,
    sequence Int64,
    next_offset Nullable(Int64),
    begun_from Nullable(Int64),
    begun_to Nullable(Int64),
    version UInt64,
    keep_until DateTime
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/everywhere/headway/bus_positions', '{shard}-{replica}', version)
ORDER BY (name, producer)
TTL keep_until DELETE WHERE producer != '' AND NOT startsWith(producer, '#')
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, old_parts_lifetime = 60;

