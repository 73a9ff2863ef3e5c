"""candidates → score → exclude → fill → explain: each stage a pure function over values."""
