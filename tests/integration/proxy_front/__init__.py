"""The routing-proxy's front door between a caller and agents, with documents from a directory."""
