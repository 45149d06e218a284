#!/usr/bin/env python3
"""A cluster in trouble: the strongest scenarios of faults.py, for every run."""
from faults import OnACluster, Strongest
from support import main


class Faults(Strongest, OnACluster):
    pass


if __name__ == "__main__":
    main()
