"""Answers as chat services do, over TLS on port 443, and writes down what it was told: run on a network of its own."""

import http.server
import json
import ssl
import sys
from pathlib import Path

ANSWER = json.dumps({"ok": True, "status": 1, "errcode": 0, "code": 0, "result": {"message_id": 1}}).encode()


def main(pair: str, told: Path) -> None:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            with told.open("a") as file:
                file.write(json.dumps([self.headers["host"], body]) + "\n")
            answer = b"ok" if "slack" in self.headers["host"] else ANSWER
            self.send_response(200)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *arguments: object) -> None:
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 443), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
