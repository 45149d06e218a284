#!/usr/bin/env python3
"""A cluster in trouble: every scenario of faults.py, with more operations. For ./dev soak."""
from faults import OnACluster, Rest, Strongest
from support import main


class AllFaults(Strongest, Rest, OnACluster):
    operations, think_s = 1500, 0.1


if __name__ == "__main__":
    main()
