-- Who may write under a name: the newest claim, and nobody else. Inserts under a claim ask here whether it still is the
-- newest, before their first row (platform/store/insert-sql.ts); two claims of one epoch turn both away, and both claim
-- anew (platform/store/claims.ts).
CREATE TABLE IF NOT EXISTS bus_fences
(
    name String,
    epoch UInt64,
    owner String,
    claimed_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(epoch)
ORDER BY name
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;

-- How far a partition of the bus is in the tables. Row '' of a name has its position: everything before next_offset is
-- stored, and of the range begun_from to begun_to nobody knows. The other rows have the highest sequence that is stored
-- of a producer, or a note of the reader's (begins with #). What one step changes is one insert, so that it is stored
-- whole; version is the claim's epoch and the step under it, so that nothing of an earlier claim ever counts.
-- keep_until: a producer that is silent for longer than messages are kept sends no copies any more.
CREATE TABLE IF NOT EXISTS bus_positions
(
    name String,
    producer String,
    sequence Int64,
    next_offset Nullable(Int64),
    begun_from Nullable(Int64),
    begun_to Nullable(Int64),
    version UInt64,
    keep_until DateTime
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (name, producer)
TTL keep_until DELETE WHERE producer != '' AND NOT startsWith(producer, '#')
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, old_parts_lifetime = 60
