"""The model pool: which deployment a request goes to, when it is cut and fired again, what is learned from it.

`Knowledge` holds what is known of each deployment, for the whole process. A `Pool` is one revision's deployments,
ranked by it. A `Turn` is one request of an agent on its way through the pool: it says what to fire, what to cancel and
when to look again, and whoever does the I/O tells it what came.
"""
