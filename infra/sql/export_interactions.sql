-- What ALS learns from past one machine (infra/spark/als.py).

SELECT
  person,
  item_id,
  weight
FROM interactions
