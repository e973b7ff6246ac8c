-- 0003_results.sql, for a cluster

CREATE TABLE IF NOT EXISTS `headway`.`job_segments_local` ON CLUSTER `prod`
(
    job String,
    from_us Int64 CODEC(Delta, ZSTD(1)),
    to_us Int64 CODEC(Delta, ZSTD(1)),
    bucket LowCardinality(String),
    attempt Nullable(Int32),
    name LowCardinality(Nullable(String)),
    cause LowCardinality(Nullable(String)),
    devices Nullable(Float64),
    stepping Nullable(Float64),
    revision UInt32,
    version UInt64,
    deleted UInt8
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/headway/job_segments_local', '{replica}', version)
ORDER BY (job, from_us, revision)
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS `headway`.`job_segments` ON CLUSTER `prod` AS `headway`.`job_segments_local`
ENGINE = Distributed('prod', 'headway', 'job_segments_local', cityHash64(job));

CREATE TABLE IF NOT EXISTS `headway`.`job_steps_local` ON CLUSTER `prod`
(
    job String,
    start_us Int64 CODEC(Delta, ZSTD(1)),
    attempt Int32,
    step Int64,
    end_us Int64 CODEC(Delta, ZSTD(1)),
    net_us Int64 CODEC(Delta, ZSTD(1)),
    count UInt32,
    fate LowCardinality(String),
    kind LowCardinality(String),
    first_of_attempt UInt8,
    unlogged UInt8,
    tokens Nullable(Float64),
    devices Nullable(Float64),
    revision UInt32,
    version UInt64,
    deleted UInt8
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/headway/job_steps_local', '{replica}', version)
ORDER BY (job, start_us, attempt, step, revision)
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS `headway`.`job_steps` ON CLUSTER `prod` AS `headway`.`job_steps_local`
ENGINE = Distributed('prod', 'headway', 'job_steps_local', cityHash64(job));

CREATE TABLE IF NOT EXISTS `headway`.`job_incidents_local` ON CLUSTER `prod`
(
    job String,
    id String,
    kind LowCardinality(String),
    state LowCardinality(String),
    attempt Int32,
    failed_at_us Int64,
    last_progress_at_us Nullable(Int64),
    cause Nullable(String),
    node Nullable(String),
    device Nullable(String),
    planned UInt8,
    lost_steps Float64,
    time_to_detect_s Nullable(Float64),
    time_to_localize_s Nullable(Float64),
    time_to_nodes_ready_s Nullable(Float64),
    time_to_restart_s Nullable(Float64),
    time_to_first_step_s Nullable(Float64),
    time_to_regain_progress_s Nullable(Float64),
    last_progress_to_regain_s Nullable(Float64),
    revision UInt32,
    version UInt64,
    deleted UInt8
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/headway/job_incidents_local', '{replica}', version)
ORDER BY (job, id, revision)
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS `headway`.`job_incidents` ON CLUSTER `prod` AS `headway`.`job_incidents_local`
ENGINE = Distributed('prod', 'headway', 'job_incidents_local', cityHash64(job));

CREATE TABLE IF NOT EXISTS `headway`.`job_specs_local` ON CLUSTER `prod`
(
    job String,
    spec_version UInt32,
    model Nullable(String),
    parameters Nullable(Float64),
    flops_per_token_mm_causal Nullable(Float64),
    flops_per_token_mm_full Nullable(Float64),
    flops_per_token_palm Nullable(Float64),
    flops_per_token_six_n Nullable(Float64),
    hardware Nullable(String),
    dtype String,
    peak_flops Nullable(Float64),
    peak_source Nullable(String),
    devices Nullable(Float64),
    sequence_length Nullable(Float64),
    tokens_per_step Nullable(Float64),
    recompute Nullable(String),
    price_per_device_hour Nullable(Float64),
    version UInt64
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/headway/job_specs_local', '{replica}', version)
ORDER BY (job, spec_version)
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS `headway`.`job_specs` ON CLUSTER `prod` AS `headway`.`job_specs_local`
ENGINE = Distributed('prod', 'headway', 'job_specs_local', cityHash64(job));

CREATE TABLE IF NOT EXISTS `headway`.`job_revisions_local` ON CLUSTER `prod`
(
    job String,
    revision UInt32,
    computed_at_us Int64,
    reason LowCardinality(String),
    changed_from_us Int64,
    changed_to_us Int64,
    moved_s Map(String, Float64),
    goodput_before_ratio Nullable(Float64),
    goodput_after_ratio Nullable(Float64),
    version UInt64
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/headway/job_revisions_local', '{replica}', version)
ORDER BY (job, revision)
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS `headway`.`job_revisions` ON CLUSTER `prod` AS `headway`.`job_revisions_local`
ENGINE = Distributed('prod', 'headway', 'job_revisions_local', cityHash64(job));

CREATE TABLE IF NOT EXISTS `headway`.`job_results_local` ON CLUSTER `prod`
(
    job String,
    revision UInt32,
    state LowCardinality(String),
    from_us Int64,
    accounted_until_us Int64,
    settled_until_us Int64,
    open_attempt Nullable(Int32),
    computed_at_us Int64,
    version UInt64
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/headway/job_results_local', '{replica}', version)
ORDER BY job
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS `headway`.`job_results` ON CLUSTER `prod` AS `headway`.`job_results_local`
ENGINE = Distributed('prod', 'headway', 'job_results_local', cityHash64(job));

