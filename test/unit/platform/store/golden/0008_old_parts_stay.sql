-- 0008_old_parts_stay.sql, for a cluster

ALTER TABLE `headway`.`run_events_local` ON CLUSTER `prod` MODIFY SETTING old_parts_lifetime = 480;

ALTER TABLE `headway`.`series` ON CLUSTER `prod` MODIFY SETTING old_parts_lifetime = 480;

ALTER TABLE `headway`.`series_points_local` ON CLUSTER `prod` MODIFY SETTING old_parts_lifetime = 480;

ALTER TABLE `headway`.`device_samples_local` ON CLUSTER `prod` MODIFY SETTING old_parts_lifetime = 480;

ALTER TABLE `headway`.`job_segments_local` ON CLUSTER `prod` MODIFY SETTING old_parts_lifetime = 480;

ALTER TABLE `headway`.`job_steps_local` ON CLUSTER `prod` MODIFY SETTING old_parts_lifetime = 480;

ALTER TABLE `headway`.`job_incidents_local` ON CLUSTER `prod` MODIFY SETTING old_parts_lifetime = 480;

ALTER TABLE `headway`.`job_specs_local` ON CLUSTER `prod` MODIFY SETTING old_parts_lifetime = 480;

ALTER TABLE `headway`.`job_revisions_local` ON CLUSTER `prod` MODIFY SETTING old_parts_lifetime = 480;

ALTER TABLE `headway`.`job_results_local` ON CLUSTER `prod` MODIFY SETTING old_parts_lifetime = 480;

ALTER TABLE `headway`.`linearity_baselines` ON CLUSTER `prod` MODIFY SETTING old_parts_lifetime = 480;

ALTER TABLE `headway`.`bus_fences` ON CLUSTER `prod` MODIFY SETTING old_parts_lifetime = 480;

ALTER TABLE `headway`.`schema_migrations` ON CLUSTER `prod` MODIFY SETTING old_parts_lifetime = 480;

