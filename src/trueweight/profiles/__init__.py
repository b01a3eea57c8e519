"""Profiles of model families: the shipped ones, a user's own file, and the one that fits a model id."""

from trueweight.profiles.choose import ChosenProfile, choose_profile, find_profile, fitting
from trueweight.profiles.family import Family, load_family, normal_id, shipped_families
from trueweight.profiles.habits import split_habits, without_habits
from trueweight.profiles.requests import RequestRules, RunSampling, SamplingMode, recorded_profile, request_rules
from trueweight.profiles.switches import published_switches, ways_to_switch

__all__ = [
    "ChosenProfile",
    "Family",
    "RequestRules",
    "RunSampling",
    "SamplingMode",
    "choose_profile",
    "find_profile",
    "fitting",
    "load_family",
    "normal_id",
    "published_switches",
    "recorded_profile",
    "request_rules",
    "shipped_families",
    "split_habits",
    "ways_to_switch",
    "without_habits",
]
