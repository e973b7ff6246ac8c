-- 0004_linearity_baselines.sql, for a cluster

CREATE TABLE IF NOT EXISTS `headway`.`linearity_baselines` ON CLUSTER `prod`
(
    model String,
    hardware LowCardinality(String),
    dtype LowCardinality(String),
    sequence_length UInt64,
    devices UInt64,
    job String,
    tokens_per_s_per_device Float64,
    step_s Nullable(Float64),
    batch_per_device Nullable(Float64),
    window_steps UInt64,
    from_us Int64,
    to_us Int64,
    version UInt64
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/everywhere/headway/linearity_baselines', '{shard}-{replica}', version)
ORDER BY (model, hardware, dtype, sequence_length, devices, job)
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800, fsync_after_insert = 1, fsync_part_directory = 1;

