-- purpose: names of the labels that matching series have, __name__ aside.
-- parameters: as matching_series.sql; series_limit bounds the names.
-- grain: one row a label name
-- unit: none.
SELECT DISTINCT arrayJoin(mapKeys(mapFilter((label, text) -> text != '', labels))) AS value
FROM series
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
ORDER BY value
LIMIT {series_limit:UInt32}
