-- purpose: how many events of a job are stored, to tell what reading all of them costs
-- parameters: job String
-- grain: one row
-- unit: events; one that was sent twice may count twice until the table merges it
SELECT count() AS events
FROM run_events
WHERE job = {job:String}
