"""One metric a file. A list that misses the target is bad, 0; a mean over no predictions is undefined, NaN."""
