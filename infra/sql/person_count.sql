-- How many people the log knows, as person_page.sql tells them.

SELECT COUNT(DISTINCT e.user_id) + COUNT(DISTINCT e.anonymous_id) AS people
FROM events AS e
