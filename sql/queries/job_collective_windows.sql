-- purpose: the windows of collectives of one job that overlap a stretch of time, the newest ones
-- parameters: job String, from_us Int64, to_us Int64, rows UInt32
-- grain: one row a window of one member of a communicator, as it was sent
-- unit: microseconds, bytes
SELECT body
FROM collective_windows
WHERE job = {job:String} AND end_us > {from_us:Int64} AND start_us < {to_us:Int64}
ORDER BY start_us DESC, event_id
LIMIT {rows:UInt32}
