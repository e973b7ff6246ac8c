-- purpose: the series that all matchers of one selector accept.
-- parameters: names Array(String): exact metric names, empty for any; match_labels, match_kinds, match_values: the
--   matchers, one of each a matcher; a kind is '=', '!=', '=~' or '!~', a pattern is RE2 and anchored by the caller;
--   __name__ stands for the metric name, a label that a series has not has the empty value. series_limit UInt32.
-- grain: one row a series
-- unit: none; `scale` turns the stored column into the series' own unit.
SELECT
    name,
    toString(series_id) AS id,
    labels,
    source,
    toString(labels_id) AS device,
    field,
    scale
FROM series FINAL
WHERE (empty({names:Array(String)}) OR name IN {names:Array(String)})
    AND arrayAll(
        (label, kind, value) -> multiIf(
            kind = '=', if(label = '__name__', toString(name), labels[label]) = value,
            kind = '!=', if(label = '__name__', toString(name), labels[label]) != value,
            kind = '=~', match(if(label = '__name__', toString(name), labels[label]), value),
            NOT match(if(label = '__name__', toString(name), labels[label]), value)
        ),
        {match_labels:Array(String)}, {match_kinds:Array(String)}, {match_values:Array(String)}
    )
LIMIT {series_limit:UInt32}
