"""The gevent shell: sockets, the driver greenlet, the link to the media process, the writer."""
