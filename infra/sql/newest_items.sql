-- The @newest newest items that could be recommended by @cutoff, the newest first.

SELECT item_id
FROM item_contents
WHERE age_rank <= @newest
ORDER BY age_rank
