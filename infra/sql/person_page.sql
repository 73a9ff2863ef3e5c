-- The next @n people of the log after the key @after, in the order of keys: users, and devices whether or not a user is
-- named with them.

WITH people AS (
  SELECT CONCAT('u:', u.user_id) AS person
  FROM events AS u
  WHERE u.user_id IS NOT NULL
  UNION DISTINCT
  SELECT CONCAT('a:', a.anonymous_id) AS person
  FROM events AS a
  WHERE a.anonymous_id IS NOT NULL
)

SELECT p.person
FROM people AS p
WHERE p.person > @after
ORDER BY p.person
LIMIT @n
