-- purpose: when the newest event of each job arrived, of the jobs of one partition of the bus, by name, a page at a time
-- parameters: after String, page UInt32, partitions UInt32, partition UInt32; 1 and 0: of all jobs
-- grain: one row a job
-- unit: milliseconds since the epoch
SELECT job, toUnixTimestamp64Milli(max(received_at)) AS newest_received_ms
FROM run_events
WHERE job != '' AND job > {after:String} AND kafkaMurmurHash(job) % {partitions:UInt32} = {partition:UInt32}
GROUP BY job
ORDER BY job
LIMIT {page:UInt32}
