-- The account of every job as rows, written by the analyzer. A row belongs to a revision of its job: the number goes up
-- when published seconds are classified anew (domain/ledger/revision.ts), and the rows of earlier revisions stay. Of one
-- key the newest row up to a revision holds; deleted = 1: from that revision on there is no such row. Within a revision a
-- later version replaces an earlier one: so the live end grows in place.

-- One stretch of a job's horizon in one bucket; together they cover it without gap or overlap.
CREATE TABLE IF NOT EXISTS job_segments
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
ENGINE = ReplacingMergeTree(version)
ORDER BY (job, from_us, revision)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;

-- One execution of a step that is over: kept (fate productive), lost or never finished. tokens are those of all its
-- count steps over all devices; net_us is what no blocking span covers.
CREATE TABLE IF NOT EXISTS job_steps
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
ENGINE = ReplacingMergeTree(version)
ORDER BY (job, start_us, attempt, step, revision)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;

-- One incident with its repair ladder. Seconds count from failed_at_us; NULL: not reached, or nobody told.
CREATE TABLE IF NOT EXISTS job_incidents
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
ENGINE = ReplacingMergeTree(version)
ORDER BY (job, id, revision)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;

-- What a job runs and on what, joined with its steps. The newest spec_version holds for all steps of the job.
CREATE TABLE IF NOT EXISTS job_specs
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
ENGINE = ReplacingMergeTree(version)
ORDER BY (job, spec_version)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;

-- Why the past of a job was classified anew. moved_s: seconds by 'from>to' bucket. goodput over what was published.
CREATE TABLE IF NOT EXISTS job_revisions
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
ENGINE = ReplacingMergeTree(version)
ORDER BY (job, revision)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;

-- How far the rows of a job are complete; written after them. What was published after settled_until_us was provisional.
CREATE TABLE IF NOT EXISTS job_results
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
ENGINE = ReplacingMergeTree(version)
ORDER BY job
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;
