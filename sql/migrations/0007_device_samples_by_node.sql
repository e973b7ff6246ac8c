-- Most questions about devices are of some nodes in a stretch of time, and rows are in order of label set and time. Of
-- each granule the nodes that it has rows of, if they are not more than a few: what has none of the nodes is not read.
-- An index of times would add nothing: parts know theirs, and within a label set the primary key does (measured).
ALTER TABLE device_samples ADD INDEX IF NOT EXISTS by_node node TYPE set(64) GRANULARITY 1;
ALTER TABLE device_samples MATERIALIZE INDEX by_node;
