"""Probe each provider and API with a few small requests before a run, and stop those whose setup is wrong.

`probe_providers` sends, `trueweight.workflow.probe.record` keeps the result in the run directory, and
`trueweight.workflow.probe.diagnosis` decides, by pure functions, what the answers show.
"""

from trueweight.workflow.probe.paces import last_paces
from trueweight.workflow.probe.questions import logprobs_trials, probe_plan, switch_trials
from trueweight.workflow.probe.record import (
    encode_probe,
    join_probes,
    read_probe,
    take_probe,
    with_probe,
    write_probe,
)
from trueweight.workflow.probe.send import ProbeResult, is_known, probe_providers

__all__ = [
    "ProbeResult",
    "encode_probe",
    "is_known",
    "join_probes",
    "last_paces",
    "logprobs_trials",
    "probe_plan",
    "probe_providers",
    "read_probe",
    "switch_trials",
    "take_probe",
    "with_probe",
    "write_probe",
]
