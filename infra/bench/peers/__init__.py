"""Functions to compare with: floors that do the least that could work, and the same work as it is usually written."""
