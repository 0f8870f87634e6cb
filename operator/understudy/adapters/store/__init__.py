"""Redis or Valkey: the only place that imports its client."""
