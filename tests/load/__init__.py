"""Load: `make load`."""

from gevent import monkey

monkey.patch_all()  # before anything has made a socket
