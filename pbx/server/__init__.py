"""The composition root: builds the office of its parts, and hosts it."""
