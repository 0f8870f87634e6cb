"""Pure builders of every object we own."""
