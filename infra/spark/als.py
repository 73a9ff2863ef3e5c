"""ALS past one machine: interactions as Parquet → factors of items, by Spark MLlib. One file, to be submitted alone.

Y. Hu, Y. Koren, C. Volinsky, "Collaborative Filtering for Implicit Feedback Datasets", ICDM 2008, with the confidence
1 + alpha · weight. MLlib multiplies the regularization by how many items a person has, and by how many people an item
has: Y. Zhou et al., "Large-scale Parallel Collaborative Filtering for the Netflix Prize", AAIM 2008.
"""

import argparse
import json
from collections.abc import Sequence
from itertools import accumulate

from pyspark.ml.recommendation import ALS
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql.functions import broadcast, col, monotonically_increasing_id, shiftleft, shiftright

FORMAT = 1
RANGE_BITS = 33
"""What `monotonically_increasing_id` keeps for the place; above are the numbers of the ranges."""


def main(arguments: Sequence[str] | None = None) -> None:
    """One session for all inputs; each has an output, where `about` is written last."""
    options = parser().parse_args(arguments)
    if len(options.interactions) != len(options.out):
        raise SystemExit(f"--out: expected {len(options.interactions)}, one for each input, found {len(options.out)}")
    spark = SparkSession.builder.appName("attune-als").getOrCreate()
    try:
        for source, out in zip(options.interactions, options.out, strict=True):
            told = learn(spark, source, out, options)
            print(json.dumps({"out": out, **told}), flush=True)
    finally:
        spark.stop()


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(description="Factors of items by implicit ALS.")
    top.add_argument("--interactions", nargs="+", required=True, metavar="URI", help="Parquet: person, item_id, weight")
    top.add_argument("--out", nargs="+", required=True, metavar="URI", help="folders, written anew")
    top.add_argument("--rank", type=int, default=64)
    top.add_argument("--iterations", type=int, default=15)
    top.add_argument("--regularization", type=float, default=0.1, help="for each item of a person, person of an item")
    top.add_argument("--alpha", type=float, default=8.0, help="confidence is 1 + alpha · weight")
    top.add_argument("--seed", type=int, default=42)
    top.add_argument("--blocks", type=int, default=10, help="of people and of items, worked on side by side")
    top.add_argument("--people", action="store_true", help="write the factors of people, too")
    return top


def learn(spark: SparkSession, source: str, out: str, options: argparse.Namespace) -> dict[str, object]:
    """Write `items` (item_id, factors), perhaps `people`, and `about`: parameters and counts, which it returns."""
    rows = spark.read.parquet(source).select("person", "item_id", col("weight").cast("float")).where("weight > 0")
    (people, person_count), (items, item_count) = numbered(rows, "person"), numbered(rows, "item_id")
    ratings = rows.join(people, "person").join(items, "item_id").select("person_number", "item_id_number", "weight")
    # The same rows in the same blocks in the same order: sums of floats depend on it.
    ratings = ratings.repartition(options.blocks, "person_number").sortWithinPartitions(
        "person_number", "item_id_number"
    )
    model = ALS(
        rank=options.rank,
        maxIter=options.iterations,
        regParam=options.regularization,
        alpha=options.alpha,
        seed=options.seed,
        numUserBlocks=options.blocks,
        numItemBlocks=options.blocks,
        implicitPrefs=True,
        userCol="person_number",
        itemCol="item_id_number",
        ratingCol="weight",
    ).fit(ratings)
    write(model.itemFactors, items, "item_id", f"{out}/items")
    if options.people:
        write(model.userFactors, people, "person", f"{out}/people")
    about: dict[str, object] = {
        "format": FORMAT,
        "engine": f"Spark MLlib {spark.version}",
        "rank": options.rank,
        "iterations": options.iterations,
        "regularization": options.regularization,
        "alpha": options.alpha,
        "seed": options.seed,
        "people": person_count,
        "items": item_count,
        "interactions": rows.count(),
    }
    spark.createDataFrame([Row(**about)]).coalesce(1).write.mode("overwrite").json(f"{out}/about")
    return about


def numbered(rows: DataFrame, name: str) -> tuple[DataFrame, int]:
    """The different values of a column, in order, with numbers from 0 as MLlib asks for them; and how many there are.

    Sorted values lie in ranges; each has its place in its range, and ranges begin where those before them end.
    """
    placed = rows.select(name).distinct().sort(name).withColumn("place", monotonically_increasing_id()).cache()
    parts = placed.select(shiftright("place", RANGE_BITS).alias("part"))
    sizes = sorted((row["part"], row["count"]) for row in parts.groupBy("part").count().collect())
    begins = accumulate((size for _, size in sizes), initial=0)
    starts = rows.sparkSession.createDataFrame(
        [(part, begin) for (part, _), begin in zip(sizes, begins, strict=False)], "part long, begin long"
    )
    number = (col("place") - shiftleft("part", RANGE_BITS) + col("begin")).cast("int")
    located = placed.join(broadcast(starts), shiftright("place", RANGE_BITS) == col("part"))
    return located.select(name, number.alias(f"{name}_number")), sum(size for _, size in sizes)


def write(factors: DataFrame, names: DataFrame, name: str, out: str) -> None:
    named = factors.join(names, factors["id"] == names[f"{name}_number"])
    named.select(name, col("features").alias("factors")).write.mode("overwrite").parquet(out)


if __name__ == "__main__":
    main()
