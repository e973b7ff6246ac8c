-- 0005_collective_windows.sql, for a cluster

CREATE VIEW IF NOT EXISTS `headway`.`collective_windows` ON CLUSTER `prod` AS
SELECT
    job,
    event_id,
    JSONExtractString(body, 'communicator') AS communicator,
    JSONExtractUInt(body, 'group_rank') AS group_rank,
    JSONExtractUInt(body, 'ranks') AS ranks,
    node,
    JSONExtractString(body, 'operation') AS operation,
    JSONExtractUInt(body, 'log2_bytes') AS log2_bytes,
    JSONExtractString(body, 'algorithm') AS algorithm,
    JSONExtractString(body, 'protocol') AS protocol,
    JSONExtract(body, 'inter_node', 'Nullable(Bool)') AS inter_node,
    time_us AS start_us,
    JSONExtractInt(body, 'end_us') AS end_us,
    JSONExtractUInt(body, 'count') AS count,
    JSONExtractFloat(body, 'duration_sum_us') AS duration_sum_us,
    JSONExtractFloat(body, 'duration_min_us') AS duration_min_us,
    JSONExtractFloat(body, 'duration_max_us') AS duration_max_us,
    JSONExtractFloat(body, 'duration_sum_sq_us2') AS duration_sum_sq_us2,
    JSONExtractFloat(body, 'bytes') AS bytes,
    JSONExtractFloat(body, 'bus_bandwidth_log_sum') AS bus_bandwidth_log_sum,
    JSONExtractUInt(body, 'bus_bandwidth_count') AS bus_bandwidth_count,
    JSONExtractUInt(body, 'sequence_first') AS sequence_first,
    JSONExtractUInt(body, 'sequence_last') AS sequence_last,
    body
FROM `headway`.`run_events` FINAL
WHERE type = 'collective_window';

