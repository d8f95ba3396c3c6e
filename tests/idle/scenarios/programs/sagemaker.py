"""A stand-in for SageMaker's DescribeApp and DeleteApp: sagemaker.py PORT SCRIPT LOG.

``SCRIPT`` is JSON: a list of what the calls of DeleteApp answer in turn, each ``ok`` or the name of an error (the last
one again and again), and the app's status before. Each call is one line of ``LOG``: when, what, and the answer.
"""

import json
import sys
import time
import uuid
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

script, LOG = json.loads(sys.argv[2]), Path(sys.argv[3])
state = {"Status": script.get("status", "InService")}
answers = list(script.get("delete", ["ok"]))
CODES = {"AccessDeniedException": 400, "ThrottlingException": 400, "ResourceInUse": 400, "InternalFailure": 500}


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"{}")
        call = self.headers["X-Amz-Target"].partition(".")[2]
        answer = "ok"
        if call == "DeleteApp":
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
            if answer == "ok":
                state["Status"] = "Deleting"
        elif script.get("describe"):
            answer = script["describe"]
        with LOG.open("a") as log:
            log.write(json.dumps([time.clock_gettime(time.CLOCK_BOOTTIME), call, answer, body]) + "\n")
        if answer == "ok":
            self.send(200, {**state, **body} if call == "DescribeApp" else {})
        else:
            self.send(CODES.get(answer, 400), {"__type": answer, "message": f"{answer}: it is not to be."})

    def send(self, status, document):
        content = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("x-amzn-RequestId", str(uuid.uuid4()))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
