"""Calls the handler in this process, where a debugger can stop: python debug.py event.json"""

import json
import os
import sys
from pathlib import Path

service = Path(".landfast/service.json")
if service.exists():  # calls of AWS go to the service that runs here
    told = json.loads(service.read_text())
    os.environ |= {"AWS_ENDPOINT_URL": told["endpoint"], "AWS_DEFAULT_REGION": told["region"]}
os.environ |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}

sys.path.insert(0, "function")
from app import handler  # noqa: E402 - the folder of the function has to be on the path

print(json.dumps(handler(json.loads(Path(sys.argv[1]).read_text()), None)))
