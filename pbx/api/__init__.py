"""The REST API, the live event stream and the dashboard's files: one WSGI application."""
