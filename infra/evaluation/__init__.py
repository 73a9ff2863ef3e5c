"""Judging the models on what people did next: train on what came before, predict, compare."""
