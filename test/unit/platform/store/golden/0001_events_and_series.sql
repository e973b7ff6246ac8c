-- 0001_events_and_series.sql, for a cluster

CREATE TABLE IF NOT EXISTS `headway`.`run_events_local` ON CLUSTER `prod`
(
    job String,
    event_id String,
    type LowCardinality(String),
    node String,
    time_us Int64,
    received_at DateTime64(3, 'UTC'),
    body String CODEC(ZSTD(3))
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/headway/run_events_local', '{replica}', received_at)
ORDER BY (job, time_us, event_id)
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS `headway`.`run_events` ON CLUSTER `prod` AS `headway`.`run_events_local`
ENGINE = Distributed('prod', 'headway', 'run_events_local', cityHash64(if(job = '', node, job)));

CREATE TABLE IF NOT EXISTS `headway`.`series` ON CLUSTER `prod`
(
    name LowCardinality(String),
    series_id UInt64,
    labels Map(LowCardinality(String), String),
    source LowCardinality(String),
    labels_id UInt64,
    field LowCardinality(String),
    scale Float64
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/everywhere/headway/series', '{shard}-{replica}')
ORDER BY (name, series_id)
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS `headway`.`series_points_local` ON CLUSTER `prod`
(
    series_id UInt64,
    ts DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    value Float64 CODEC(Gorilla, ZSTD(1)),
    version UInt64 CODEC(Delta, ZSTD(1))
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/headway/series_points_local', '{replica}', version)
PARTITION BY toYYYYMM(ts)
ORDER BY (series_id, ts)
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS `headway`.`series_points` ON CLUSTER `prod` AS `headway`.`series_points_local`
ENGINE = Distributed('prod', 'headway', 'series_points_local', cityHash64(series_id));

