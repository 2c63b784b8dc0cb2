"""Every error the engine raises on purpose, as one tree.

    EngineError
    ├── RequestError              400  the caller's input; also a ValueError
    │   ├── ContextLengthError    400  prompt longer than the model's context
    │   ├── TemplateError         400  the chat template refused the conversation
    │   └── SchemaError           400  a schema, regex or grammar that cannot be bound as it was asked
    ├── NotSupportedError         501  a feature this version does not have yet
    ├── CapacityError             503  no room now; try again later
    ├── DeadlineError             504  the request ran out of the time it gave itself
    ├── EngineClosedError         503  the engine was closed
    ├── InternalError             500  our fault; the request ends, the engine goes on
    └── ModelLoadError            500
        ├── ModelNotFoundError    404  no such folder, hub id or file
        ├── UnsupportedModelError 501  model type or config key we do not support
        ├── ConfigError           500  config.json is missing a value or has an absurd one
        └── WeightsError          500  tensors missing, unknown, damaged or of the wrong shape

A message names the value, the limit and what to do about it. `status` is the HTTP status that a server
gives for it. `assert` is for our own invariants only.
"""


class EngineError(Exception):
    """Base of all errors raised on purpose."""

    status: int = 500


class RequestError(EngineError, ValueError):
    """The request cannot be served as it was asked. `param` is the keyword at fault, where there is one."""

    status = 400

    def __init__(self, message: str, *, param: str | None = None) -> None:
        super().__init__(message)
        self.param = param


class ContextLengthError(RequestError):
    """The prompt does not fit in the model's context."""


class TemplateError(RequestError):
    """The chat template is invalid, refused the conversation, or ran over its limits."""


class SchemaError(RequestError):
    """A schema, regex, grammar or choice list cannot be bound as asked. `param` is the keyword at fault."""


class NotSupportedError(EngineError):
    """The feature is not in this version yet; the message says which one and what works today."""

    status = 501


class CapacityError(EngineError):
    """There is no room for the request now (queue full, memory budget spent). Try again later."""

    status = 503


class DeadlineError(EngineError):
    """The request was not done within its own `timeout_s`; the message says how far it came."""

    status = 504


class EngineClosedError(EngineError):
    """The engine was closed, or closed while the request was running."""

    status = 503


class InternalError(EngineError):
    """An unexpected failure while serving one request. The cause is chained; other requests go on."""


class ModelLoadError(EngineError):
    """The model cannot be loaded."""


class ModelNotFoundError(ModelLoadError):
    """There is no such folder, hub id, revision or file."""

    status = 404


class UnsupportedModelError(ModelLoadError):
    """The model type, a config key or its value is not supported; the message names it."""

    status = 501


class ConfigError(ModelLoadError):
    """A config file is missing, is not valid JSON, lacks a value or holds an impossible one."""


class WeightsError(ModelLoadError):
    """Weight files are missing, truncated or damaged, or do not match the config."""
