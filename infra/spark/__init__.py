"""What runs on Spark: locally, or as Dataproc Serverless batches."""
