"""The routing-proxy: the data plane."""
