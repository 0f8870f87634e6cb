"""A call as the data plane sees it: its token, its turns, what it left as evidence."""
