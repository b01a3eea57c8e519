"""The lab: a real model on real engines at falling precision, on this machine (extra ``trueweight[lab]``)."""

from trueweight.lab.control import Lab, down, running, status, up
from trueweight.lab.engines import LabRung
from trueweight.lab.ladder import BASE_PORT, choose, rungs, rungs_of
from trueweight.lab.places import Places
from trueweight.lab.servers import providers_toml
from trueweight.lab.state import Server

__all__ = [
    "BASE_PORT",
    "Lab",
    "LabRung",
    "Places",
    "Server",
    "choose",
    "down",
    "providers_toml",
    "rungs",
    "rungs_of",
    "running",
    "status",
    "up",
]
