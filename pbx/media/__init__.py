"""The media process (`warden-media`): one event loop, no gevent, told over a Unix socket what is wanted."""
