"""Reports in a real browser: pytest -m browser."""
