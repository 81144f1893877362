"""Answers Trackio's client at once and does nothing, for `dialects.py`: what is left of the time is the client's own.

Usage: trackio_null.py FOLDER; prints `READY <address with write token>`. The bodies of `bulk_log` go to FOLDER as they come.
"""

import itertools
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

numbers = itertools.count()


class Null(BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer(b'{"version": "0.43.0", "api_version": 1}')

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/api/bulk_log":
            Path(sys.argv[1], f"{next(numbers):06}.json").write_bytes(body)
        self.answer(b'{"data": []}' if self.path == "/api/get_runs_for_project" else b'{"data": null}')

    def answer(self, content):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Null)
print("READY", f"http://127.0.0.1:{server.server_port}/?write_token=any", flush=True)
server.serve_forever()
