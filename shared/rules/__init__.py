"""Rules: what people who run a site decide about what is shown, as data. Decided for whom, which items, what then."""
