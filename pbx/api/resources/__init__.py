"""What each area of the API answers: one module an area, one small class a path."""
