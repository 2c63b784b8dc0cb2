"""JSON Schemas on their way into the grammar engine: read, brought to one dialect, rewritten, and checked afterwards.

load.py       a schema, model class or function  ->  the schema as a dict, and how to decode an output
limits.py     sizes, depth, misspelt keywords: what is refused or warned of before anything else is looked at
canonical.py  drafts 4 to 2020-12, all kinds of references  ->  one dialect, references to "#/$defs/..." only
algebra.py    types, overlap and negation of canonical schemas
rewrite.py    canonical schema  ->  an equal one in the keywords that the grammar engine has
check.py      the finished output against the original schema
compiler.py   the steps in their order
"""

from proxy_inference_engine.structuring.schema.compiler import Compiled, Mode, compile_schema
from proxy_inference_engine.structuring.schema.load import Loaded, load_schema

__all__ = ["Compiled", "Loaded", "Mode", "compile_schema", "load_schema"]
