"""The call engine: a pure machine that turns (event, now) into effects and the next deadline."""
