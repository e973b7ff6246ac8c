-- An insert is on the disk when it is acknowledged (fsync_after_insert), but what a merge made of it is written when the
-- kernel comes to it. So what was merged stays for eight minutes, the default of ClickHouse for long: the engine of today
-- removes it within half a minute (measured in 26.7: gone after 31 s), and a power loss would then take both.
ALTER TABLE run_events MODIFY SETTING old_parts_lifetime = 480;
ALTER TABLE series MODIFY SETTING old_parts_lifetime = 480;
ALTER TABLE series_points MODIFY SETTING old_parts_lifetime = 480;
ALTER TABLE device_samples MODIFY SETTING old_parts_lifetime = 480;
ALTER TABLE job_segments MODIFY SETTING old_parts_lifetime = 480;
ALTER TABLE job_steps MODIFY SETTING old_parts_lifetime = 480;
ALTER TABLE job_incidents MODIFY SETTING old_parts_lifetime = 480;
ALTER TABLE job_specs MODIFY SETTING old_parts_lifetime = 480;
ALTER TABLE job_revisions MODIFY SETTING old_parts_lifetime = 480;
ALTER TABLE job_results MODIFY SETTING old_parts_lifetime = 480;
ALTER TABLE linearity_baselines MODIFY SETTING old_parts_lifetime = 480;
ALTER TABLE bus_fences MODIFY SETTING old_parts_lifetime = 480;
ALTER TABLE schema_migrations MODIFY SETTING old_parts_lifetime = 480
