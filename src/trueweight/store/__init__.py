"""The only run I/O: a directory that is appended to, resumed, and read again by any later version."""

from trueweight.store.codec import decode_exchange, encode_exchange
from trueweight.store.files import RunFile, replace_plain
from trueweight.store.manifest import Manifest, SuiteRecord, manifest_from_json, manifest_to_json
from trueweight.store.merge import merge
from trueweight.store.resume import explain_change, pending
from trueweight.store.rundir import RunDir

__all__ = [
    "Manifest",
    "RunDir",
    "RunFile",
    "SuiteRecord",
    "decode_exchange",
    "encode_exchange",
    "explain_change",
    "manifest_from_json",
    "manifest_to_json",
    "merge",
    "pending",
    "replace_plain",
]
