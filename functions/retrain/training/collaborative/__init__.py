"""Collaborative filtering: learners of who likes what, all over the same matrix of people and items."""
