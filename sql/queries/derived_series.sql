-- purpose: the derived series ever written of one job
-- parameters: job String, names Array(String)
-- grain: one row a series
SELECT DISTINCT name, labels
FROM series
WHERE name IN {names:Array(String)} AND source = 'point' AND labels['job'] = {job:String}
