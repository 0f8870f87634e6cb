"""Speech on the wire: what providers say, sans I/O. Bytes and messages in, events out."""
