-- 0007_device_samples_by_node.sql, for a cluster

ALTER TABLE `headway`.`device_samples_local` ON CLUSTER `prod` ADD INDEX IF NOT EXISTS by_node node TYPE set(64) GRANULARITY 1;

ALTER TABLE `headway`.`device_samples_local` ON CLUSTER `prod` MATERIALIZE INDEX by_node;

