-- A page of a site's own table of items: the next @page rows stated after the instant @after, and with the last of them
-- all that share its instant, so that the next page can begin after it. `items_table` stands for that table.
-- It has item_id and stated_at, and of the other columns of the table `items` whichever it likes: a column that is NULL
-- states that the item has no such fact, one that is missing states nothing.

SELECT t.stated_at, TO_JSON_STRING(t) AS facts
FROM `items_table` AS t
WHERE
  t.stated_at > @after
  AND t.stated_at <= @until
  AND t.stated_at <= (
    SELECT MAX(upcoming.stated_at)
    FROM (
      SELECT later.stated_at
      FROM `items_table` AS later
      WHERE later.stated_at > @after AND later.stated_at <= @until
      ORDER BY later.stated_at
      LIMIT @page
    ) AS upcoming
  )
ORDER BY t.stated_at, t.item_id
