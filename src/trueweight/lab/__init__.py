"""The lab: a real model on real llama.cpp servers at falling precision, on this machine (extra ``trueweight[lab]``)."""

from trueweight.lab.control import Lab, down, running, status, up
from trueweight.lab.extra import Extra, find_extra
from trueweight.lab.ladder import BASE_PORT, LabRung, choose, rungs
from trueweight.lab.places import Places
from trueweight.lab.servers import providers_toml
from trueweight.lab.state import Server

__all__ = [
    "BASE_PORT",
    "Extra",
    "Lab",
    "LabRung",
    "Places",
    "Server",
    "choose",
    "down",
    "find_extra",
    "providers_toml",
    "rungs",
    "running",
    "status",
    "up",
]
