-- purpose: values that one label has on matching series.
-- parameters: as matching_series.sql, and asked_label String (__name__ for metric names); series_limit bounds the values.
-- grain: one row a value
-- unit: none.
SELECT DISTINCT if({asked_label:String} = '__name__', toString(name), labels[{asked_label:String}]) AS value
FROM series
WHERE (empty({names:Array(String)}) OR name IN {names:Array(String)})
    AND arrayAll(
        (label, kind, wanted) -> multiIf(
            kind = '=', if(label = '__name__', toString(name), labels[label]) = wanted,
            kind = '!=', if(label = '__name__', toString(name), labels[label]) != wanted,
            kind = '=~', match(if(label = '__name__', toString(name), labels[label]), wanted),
            NOT match(if(label = '__name__', toString(name), labels[label]), wanted)
        ),
        {match_labels:Array(String)}, {match_kinds:Array(String)}, {match_values:Array(String)}
    )
    AND value != ''
ORDER BY value
LIMIT {series_limit:UInt32}
