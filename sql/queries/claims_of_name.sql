-- purpose: the newest claims of a name
-- parameters: name String
-- grain: one row a claim of the newest epoch; more than one where two claimed it at the same instant; none before the first
-- unit: epoch rises with each claim
SELECT DISTINCT epoch, owner
FROM bus_fences
WHERE name = {name:String} AND epoch = (SELECT max(epoch) FROM bus_fences WHERE name = {name:String})
