-- purpose: how far one partition of the bus is in the tables, and what is known of its producers
-- parameters: name String
-- grain: one row a producer, and one with an empty producer: the position itself
-- unit: offsets of the partition; sequence of a producer's messages; version rises with each step, as text
SELECT producer, sequence, next_offset, begun_from, begun_to, toString(version) AS version
FROM bus_positions FINAL
WHERE name = {name:String}
