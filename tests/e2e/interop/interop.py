"""Says PASS or FAIL for each scenario; its exit code is 1 when one failed."""

import logging
import sys

import honesty  # noqa: F401
import others  # noqa: F401
from stage import Servers, World, certificates, free_of_proxies, perform, temporary


def main():
    free_of_proxies()
    # What is provoked here need not be told twice.
    logging.disable(logging.WARNING)
    keep, folder = temporary()
    with keep:
        certificates(folder)
        servers = Servers(folder)
        try:
            return perform(World(folder, servers))
        finally:
            servers.stop()


sys.exit(1 if main() else 0)
