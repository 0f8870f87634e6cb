"""What is decided. Pure and synchronous: no I/O, no clock; `now` is an argument."""
