"""DAGs in the cells of a notebook, as data: what cells are marked as, what they need and give, who waits for whom."""
