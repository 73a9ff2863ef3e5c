"""Where the peers keep their documents, and how much of a person the usual way remembers."""

PACKED = "packed"
"""Documents of the floors: one `state` of bytes, as long as ours, and a count."""

PEOPLE, ITEMS, MODELS = "usual_people", "usual_items", "usual_models"
"""Documents of the usual functions: fields."""

EVENT_IDS = 100
RECENT = 20
SEEN = 1_000
