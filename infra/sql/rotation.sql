-- User agents by how many anonymous ids they had that were seen once: people who bounced, or a machine that is somebody
-- else with every page. A browser's agent has both kinds of id; where nearly all of many are one-hit, look closer.

SELECT
  user_agent,
  source,
  COUNT(*) AS ids,
  COUNTIF(is_one_hit) AS one_hit
FROM anonymous_ids
WHERE user_agent IS NOT NULL
GROUP BY user_agent, source
HAVING COUNTIF(is_one_hit) > 0
ORDER BY one_hit DESC, user_agent, source
LIMIT 5000
