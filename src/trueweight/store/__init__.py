"""The only access to run directories: append, resume, merge, and read the files of all earlier versions."""

from trueweight.store.client_record import LoadRecord, SessionRecord, read_client, write_client
from trueweight.store.decode import decode_exchange
from trueweight.store.encode import encode_exchange
from trueweight.store.files import (
    LLM_JUDGE_RUN,
    RunFile,
    digest_plain,
    is_special,
    read_cached,
    read_plain,
    replace_plain,
    write_cached,
    write_for_people,
    write_named,
)
from trueweight.store.frames import zstd
from trueweight.store.json_file import read_json_file
from trueweight.store.line_records import names_in
from trueweight.store.manifest import (
    ASKED_BY,
    COMMAND,
    EARLIER_BARS,
    SHARDS,
    Manifest,
    SuiteRecord,
    manifest_from_json,
    manifest_to_json,
    recorded_command,
)
from trueweight.store.record_file import has_exchanges, record_file
from trueweight.store.recordable import require_readable, require_recordable
from trueweight.store.resume import explain_change, not_done, pending
from trueweight.store.rundir import RunDir
from trueweight.store.trial_index import TrialNames
from trueweight.store.union import merge, merging

__all__ = [
    "ASKED_BY",
    "COMMAND",
    "EARLIER_BARS",
    "LLM_JUDGE_RUN",
    "SHARDS",
    "LoadRecord",
    "Manifest",
    "RunDir",
    "RunFile",
    "SessionRecord",
    "SuiteRecord",
    "TrialNames",
    "decode_exchange",
    "digest_plain",
    "encode_exchange",
    "explain_change",
    "has_exchanges",
    "is_special",
    "manifest_from_json",
    "manifest_to_json",
    "merge",
    "merging",
    "names_in",
    "not_done",
    "pending",
    "read_cached",
    "read_client",
    "read_json_file",
    "read_plain",
    "record_file",
    "recorded_command",
    "replace_plain",
    "require_readable",
    "require_recordable",
    "write_cached",
    "write_client",
    "write_for_people",
    "write_named",
    "zstd",
]
