"""The Jinja environment that chat templates run in.

Jinja's immutable sandbox keeps a template away from Python's internals; here its loops, operators, calls and filters
are made to spend a `Budget` too, so that none of them can run for ever or fill the memory. Knows nothing of
conversations.
"""

from __future__ import annotations

from typing import Any, cast

import jinja2
import jinja2.exceptions
import jinja2.ext
import jinja2.nodes
import jinja2.parser
import jinja2.runtime
import jinja2.sandbox
import jinja2.visitor

from proxy_inference_engine.interaction import filters
from proxy_inference_engine.interaction.budget import charge_binop, charge_method, current_budget

_REFUSED_METHODS = frozenset(
    {"translate", "maketrans", "encode", "fromkeys", "isdisjoint", "mapping", "to_bytes", "from_bytes"}
)
FILE_NAME = "<chat template>"


class ChatEnvironment(jinja2.sandbox.ImmutableSandboxedEnvironment):
    """Compiles and runs chat templates. Rendering must happen inside `budget.spending`."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})
    concat = staticmethod(filters.concat)

    def __init__(self) -> None:
        super().__init__(
            trim_blocks=True,
            lstrip_blocks=True,
            autoescape=False,
            finalize=filters.printable,
            extensions=[jinja2.ext.loopcontrols, _GenerationBlocks],
        )
        self.filters = {
            **filters.make_filters(self.filters),
            "_each": filters.Each,
            "_concat": filters.concat_values,
            "_compared": filters.compared,
            "_key": filters.as_key,
            "_made": filters.made,
        }
        self.tests = cast(Any, filters.make_tests(cast(Any, self.tests)))
        self.globals = filters.make_globals()

    def compile_source(self, source: str) -> tuple[jinja2.Template, frozenset[str]]:
        """The compiled template, and the names that it reads."""
        tree = self.parse(source)
        names = {node.name for node in tree.find_all(jinja2.nodes.Name) if node.ctx == "load"}
        tree = cast(jinja2.nodes.Template, _Guarding().visit(tree))
        tree.set_environment(self)
        code = self.compile(tree, filename=FILE_NAME)
        return self.template_class.from_code(self, code, self.make_globals(None)), frozenset(names)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        return attr not in _REFUSED_METHODS and super().is_safe_attribute(obj, attr, value)

    def unsafe_undefined(self, obj: Any, attribute: str) -> jinja2.Undefined:
        raise jinja2.exceptions.SecurityError(
            f"The chat template may not use the attribute {attribute!r} of {type(obj).__name__!r}."
        )

    def getitem(self, obj: Any, argument: Any) -> Any:
        return super().getitem(obj, filters.as_key(argument))

    def call_binop(self, context: jinja2.runtime.Context, operator: str, left: Any, right: Any) -> Any:
        budget = current_budget()
        budget.step()
        charge_binop(budget, operator, left, right)
        return super().call_binop(context, operator, left, right)

    def call(__self, __context: jinja2.runtime.Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805
        budget = current_budget()
        budget.step()
        method = getattr(__obj, "__wrapped__", __obj)  # str.format comes wrapped by the sandbox
        owner = getattr(method, "__self__", None)
        if isinstance(owner, str | list | tuple | dict):
            if method.__name__ == "join" and args:
                args = (list(filters.Each(args[0])), *args[1:])
            charge_method(budget, owner, method.__name__, args, kwargs)
            if isinstance(owner, dict) and args:
                filters.as_key(args[0])
        elif isinstance(__obj, jinja2.runtime.LoopContext) and args:
            args = (filters.Each(args[0]), *args[1:])
        if owner is not None:  # methods may compare and hash what they are given
            for value in (*args, *kwargs.values()):
                filters.compared(value)
        return super().call(__context, __obj, *args, **kwargs)


class _Guarding(jinja2.visitor.NodeTransformer):
    """Rewrites a template so that the operations that Jinja does not hand to the environment come by it too."""

    def visit_For(self, node: jinja2.nodes.For) -> jinja2.nodes.Node:  # noqa: N802
        self.generic_visit(node)
        node.iter = _filter("_each", node.iter)
        return node

    def visit_Concat(self, node: jinja2.nodes.Concat) -> jinja2.nodes.Node:  # noqa: N802
        self.generic_visit(node)
        return _filter("_concat", jinja2.nodes.List(node.nodes, lineno=node.lineno))

    def visit_Compare(self, node: jinja2.nodes.Compare) -> jinja2.nodes.Node:  # noqa: N802
        self.generic_visit(node)
        parts: list[jinja2.nodes.Compare | jinja2.nodes.Operand] = [node, *node.ops]
        for part in parts:
            if not isinstance(part.expr, jinja2.nodes.Const):
                part.expr = _filter("_compared", part.expr)
        return node

    def visit_Getitem(self, node: jinja2.nodes.Getitem) -> jinja2.nodes.Node:  # noqa: N802
        self.generic_visit(node)
        if not isinstance(node.arg, jinja2.nodes.Slice):
            return node
        bounds = node.arg
        bounds.start, bounds.stop, bounds.step = map(_key, (bounds.start, bounds.stop, bounds.step))
        return _filter("_made", node)

    def visit_Dict(self, node: jinja2.nodes.Dict) -> jinja2.nodes.Node:  # noqa: N802
        self.generic_visit(node)
        for pair in node.items:
            pair.key = cast(jinja2.nodes.Expr, _key(pair.key))
        return node


def _key(node: jinja2.nodes.Expr | None) -> jinja2.nodes.Expr | None:
    return node if node is None or isinstance(node, jinja2.nodes.Const) else _filter("_key", node)


def _filter(name: str, node: jinja2.nodes.Node) -> jinja2.nodes.Expr:
    """`node | name`."""
    return jinja2.nodes.Filter(cast(jinja2.nodes.Expr, node), name, [], [], None, None, lineno=node.lineno)


class _GenerationBlocks(jinja2.ext.Extension):
    """`{% generation %}` marks the agent's words for training; here its body is simply written."""

    tags = {"generation"}  # noqa: RUF012

    def parse(self, parser: jinja2.parser.Parser) -> list[jinja2.nodes.Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)
