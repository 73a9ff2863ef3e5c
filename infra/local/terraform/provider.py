"""A stand-in for a Terraform provider: it has the real one's schema and lists of choices, and no network.

Terraform's core checks a configuration against the schema and evaluates every expression; the stand-in checks the
choices. It plans what it is asked for, and on apply makes up what Google would have computed.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import grpc

from infra.local.terraform import values, wire
from infra.local.terraform.schema import Attribute, Block, Nested
from infra.local.terraform.schemas import Schemas

ADDRESS = "registry.terraform.io/hashicorp/google"
ERROR = 1
NESTINGS = {"single": 1, "list": 2, "set": 3}
DEFAULTS = {"project": "project", "project_id": "project", "region": "region", "zone": "zone"}
"""Arguments that the provider fills in where they are left out, and from which of its own."""

LABELS = ("account_id", "name", "dataset_id", "secret_id", "repository_id", "service", "table_id", "display_name")
"""Arguments that tell one resource of a type from another, the best first."""


@contextmanager
def stand_in(provider: "Provider") -> Iterator[dict[str, str]]:
    """Serve it; yields the environment variable by which Terraform finds it."""
    server = grpc.server(ThreadPoolExecutor(max_workers=8))
    port = server.add_insecure_port("127.0.0.1:0")
    server.add_generic_rpc_handlers((provider.handlers(),))
    server.start()
    address = {"Network": "tcp", "String": f"127.0.0.1:{port}"}
    found = {"Protocol": "grpc", "ProtocolVersion": 5, "Pid": os.getpid(), "Test": True, "Addr": address}
    try:
        yield {"TF_REATTACH_PROVIDERS": json.dumps({ADDRESS: found})}
    finally:
        server.stop(None).wait()


class Provider:
    """Answers the calls of wire.CALLS; those that are not listed here with an empty message, which is consent.

    Attributes:
        foresees: whether a plan already has what an apply would make up, so that every reference is resolved.
    """

    def __init__(self, schemas: Schemas) -> None:
        self.foresees = False
        self._schemas = schemas
        self._messages = wire.classes()
        self._defaults: dict[str, Any] = {}
        self._answers: dict[str, Callable[[Any, Any], None]] = {
            "GetSchema": lambda _, answer: answer.CopyFrom(self._described),
            "PrepareProviderConfig": lambda request, answer: answer.prepared_config.CopyFrom(request.config),
            "Configure": self._configure,
            "ValidateResourceTypeConfig": lambda request, answer: self._check(self._schemas.resources, request, answer),
            "ValidateDataSourceConfig": lambda request, answer: self._check(self._schemas.data, request, answer),
            "UpgradeResourceState": lambda request, answer: _keep(request.raw_state, answer.value),
            "ReadResource": lambda request, answer: answer.value.CopyFrom(request.value),
            "ReadDataSource": self._read,
            "PlanResourceChange": self._plan,
            "ApplyResourceChange": self._apply,
        }

    def handlers(self) -> grpc.GenericRpcHandler:
        """Every call, for a server."""
        methods = {name: self._handler(name, *messages) for name, messages in wire.CALLS.items()}
        return grpc.method_handlers_generic_handler(wire.SERVICE, methods)

    def _handler(self, name: str, asked: str, answered: str) -> grpc.RpcMethodHandler:
        def answer(request: Any, _: grpc.ServicerContext) -> Any:
            message = self._messages[answered]()
            if name in self._answers:
                self._answers[name](request, message)
            return message

        return grpc.unary_unary_rpc_method_handler(answer, self._messages[asked].FromString, _serialize)

    @cached_property
    def _described(self) -> Any:
        message = self._messages["Schemas"]()
        _describe(self._schemas.provider, message.provider.block)
        for name, block in self._schemas.resources.items():
            _describe(block, message.resource_schemas[name].block)
        for name, block in self._schemas.data.items():
            _describe(block, message.data_source_schemas[name].block)
        return message

    def _check(self, blocks: Mapping[str, Block], request: Any, answer: Any) -> None:
        for path, text in values.refused(blocks[request.type_name], values.decode(request.value.msgpack)):
            found = answer.diagnostics.add(severity=ERROR, summary=text)
            for step in path:
                place = {"element_key_int": step} if isinstance(step, int) else {"attribute_name": step}
                found.attribute.steps.add(**place)

    def _configure(self, request: Any, _: Any) -> None:
        given = values.decode(request.config.msgpack)
        self._defaults = {name: given[source] for name, source in DEFAULTS.items()}

    def _read(self, request: Any, answer: Any) -> None:
        block, asked = self._schemas.data[request.type_name], values.decode(request.value.msgpack)
        found = values.made(block, values.planned(block, asked, self._defaults), f"data.{request.type_name}")
        answer.value.msgpack = values.encode(found)

    def _plan(self, request: Any, answer: Any) -> None:
        block, wanted = self._schemas.resources[request.type_name], values.decode(request.next_state.msgpack)
        planned = values.planned(block, wanted, self._defaults)
        if self.foresees:
            planned = values.made(block, planned, label(request.type_name, wanted))
        answer.planned_state.msgpack = values.encode(planned)
        answer.legacy_type_system = True  # as the real one says of itself: what was left out may be filled in

    def _apply(self, request: Any, answer: Any) -> None:
        block, wanted = self._schemas.resources[request.type_name], values.decode(request.next_state.msgpack)
        answer.new_state.msgpack = values.encode(values.made(block, wanted, label(request.type_name, wanted)))
        answer.legacy_type_system = True


def _keep(raw: Any, value: Any) -> None:
    value.json = raw.json


def label(type_name: str, value: Any) -> str:
    """How a made-up value names the resource that it comes from: `google_pubsub_topic:events`."""
    names = (value.get(name) for name in LABELS) if value else ()
    return f"{type_name}:{next((name for name in names if isinstance(name, str)), '')}"


def _describe(block: Block, message: Any) -> None:
    message.SetInParent()  # an empty block is one, too
    for name, attribute in sorted(block.attributes.items()):
        _state(name, attribute, message.attributes.add())
    for name, nested in sorted(block.blocks.items()):
        _nest(name, nested, message.block_types.add())


def _state(name: str, attribute: Attribute, message: Any) -> None:
    message.name = name
    message.type = json.dumps(attribute.type).encode()
    message.required = attribute.use == "required"
    message.optional = attribute.use == "optional"
    # Whether the provider fills in what was left out is not in the bindings: it may for any optional argument.
    message.computed = attribute.use != "required"


def _nest(name: str, nested: Nested, message: Any) -> None:
    message.type_name = name
    message.nesting = NESTINGS[nested.nesting]
    message.min_items, message.max_items = nested.least, nested.most
    _describe(nested.block, message.block)


def _serialize(message: Any) -> bytes:
    data: bytes = message.SerializeToString()
    return data
