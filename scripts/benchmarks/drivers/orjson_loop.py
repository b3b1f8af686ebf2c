"""The floor: parse every record and write it again, scoring nothing.

python orjson_loop.py POOL OUT
"""

import sys

import orjson

pool, out = sys.argv[1:]
with open(pool, "rb") as lines, open(out, "wb") as file:
    file.writelines(orjson.dumps(orjson.loads(line)) + b"\n" for line in lines)
