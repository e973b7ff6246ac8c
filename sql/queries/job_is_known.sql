-- purpose: whether a job said anything itself: faults of its nodes alone make no job
-- parameters: job String
-- grain: one row when it did, else none
SELECT 1 AS is_known
FROM run_events
WHERE job = {job:String} AND type NOT IN ('fault', 'node_state', 'collective_window')
LIMIT 1
