"""Which arm, which target, in which order: the decisions of the data plane."""
