-- Learned baselines of linearity: the best sustained window of a job, kept when the job is long gone.
-- One row a specification, number of devices and job; the newest version holds, and the writer only ever raises it.
CREATE TABLE IF NOT EXISTS linearity_baselines
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
ENGINE = ReplacingMergeTree(version)
ORDER BY (model, hardware, dtype, sequence_length, devices, job)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;
