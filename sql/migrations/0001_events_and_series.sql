-- Run events as they were sent, each once: the same line twice has the same event_id and is merged away.
CREATE TABLE IF NOT EXISTS run_events
(
    job String,
    event_id String,
    type LowCardinality(String),
    node String,
    time_us Int64,
    received_at DateTime64(3, 'UTC'),
    body String CODEC(ZSTD(3))
)
ENGINE = ReplacingMergeTree(received_at)
ORDER BY (job, time_us, event_id)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;

-- Every series that can be asked for by name and labels, and where its values are.
-- source 'point': series_points.value by series_id. source 'device': column `field` of device_samples by labels_id
-- (an empty field: rest[name]); the series' own value is the column's value times scale.
CREATE TABLE IF NOT EXISTS series
(
    name LowCardinality(String),
    series_id UInt64,
    labels Map(LowCardinality(String), String),
    source LowCardinality(String),
    labels_id UInt64,
    field LowCardinality(String),
    scale Float64
)
ENGINE = ReplacingMergeTree
ORDER BY (name, series_id)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;

-- Values of series that have no column of their own: scrape health, derived metrics. A later version of a point
-- replaces it; the bits 0x7ff0000000000002 are Prometheus's staleness marker and end the series at that time.
CREATE TABLE IF NOT EXISTS series_points
(
    series_id UInt64,
    ts DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    value Float64 CODEC(Gorilla, ZSTD(1)),
    version UInt64 CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(ts)
ORDER BY (series_id, ts)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;
