"""Unit tests of `understudy.domain.routing.pool`."""
