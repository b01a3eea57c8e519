"""Schema-constrained generation: an instance of a JSON Schema, its free choices made by the network."""

from trueweight.fleet.constrain.instance import UnsatisfiableError, make_instance, validator_of
from trueweight.fleet.constrain.sampler import Sampler

__all__ = ["Sampler", "UnsatisfiableError", "make_instance", "validator_of"]
