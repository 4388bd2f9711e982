"""A participant in transactions, in nothing but Python's standard library.

python3 docs/participant.py 9501 /tmp/billing.db

It is asked by PUT /tx/ID/prepare, /confirm and /cancel, and each of them may come twice, late, or first: so what it has done is in a
file, one row per transaction, and a row never goes back. GET /tx/ID says where it is.
"""

import json
import sqlite3
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PORT, FILE = int(sys.argv[1]), sys.argv[2]

# What is done in a phase, by what was done before; None is nothing. Where there is no entry it is too late: 409.
NEXT = {
    ("prepare", None): "PREPARED",
    ("prepare", "PREPARED"): "PREPARED",
    ("confirm", "PREPARED"): "CONFIRMED",
    ("confirm", "CONFIRMED"): "CONFIRMED",
    # Cancelled before it was asked to prepare: a late prepare finds that.
    ("cancel", None): "CANCELLED",
    ("cancel", "PREPARED"): "CANCELLED",
    ("cancel", "CANCELLED"): "CANCELLED",
}

db = sqlite3.connect(FILE, isolation_level=None, check_same_thread=False)
one_at_a_time = threading.Lock()
db.execute("create table if not exists branch (id text primary key, state text not null)")


def state_of(transaction):
    row = db.execute("select state from branch where id = ?", (transaction,)).fetchone()
    return row and row[0]


class Participant(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_PUT(self):
        self.rfile.read(int(self.headers.get("content-length") or 0))
        _, _, transaction, phase = self.path.split("/")
        with one_at_a_time:
            before = state_of(transaction)
            after = NEXT.get((phase, before))
            if after is not None:
                db.execute("insert or replace into branch values (?, ?)", (transaction, after))
        self.answer(409 if after is None else 200, {"state": after or before})

    def do_GET(self):
        with one_at_a_time:
            state = state_of(self.path.split("/")[2])
        self.answer(200, {"state": state})

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", PORT), Participant)
print(server.server_address[1], flush=True)
server.serve_forever()
