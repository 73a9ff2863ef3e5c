-- The states of the chains over paths: in each facet the @states names that most people have met by @known_ms, and where the
-- others lie, the @folders folders. Only what @people or more have met: a rare address may name somebody.

WITH met AS (
  SELECT facet, name, folder, COUNT(DISTINCT person) AS people
  FROM path_acts
  WHERE occurred_ms <= @known_ms
  GROUP BY facet, name, folder
),

names AS (
  SELECT facet, name
  FROM met
  WHERE people >= @people
  QUALIFY ROW_NUMBER() OVER (PARTITION BY facet ORDER BY people DESC, name) <= @states
),

folders AS (
  SELECT path_acts.facet, path_acts.folder AS name
  FROM path_acts
  LEFT JOIN names ON names.facet = path_acts.facet AND names.name = path_acts.name
  WHERE path_acts.occurred_ms <= @known_ms AND path_acts.folder IS NOT NULL AND names.name IS NULL
  GROUP BY path_acts.facet, path_acts.folder
  HAVING COUNT(DISTINCT path_acts.person) >= @people
  QUALIFY ROW_NUMBER() OVER (PARTITION BY path_acts.facet ORDER BY COUNT(DISTINCT path_acts.person) DESC, path_acts.folder) <= @folders
)

SELECT facet, name FROM names
UNION ALL
SELECT facet, name FROM folders
