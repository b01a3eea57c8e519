"""The steps that commands and the Python API share: send, judge, drift, load, compare, shrink, replay, merge."""
