#!/usr/bin/env python3
"""What telemetry costs: two servers, one that exports everything to a receiver here and one that exports nothing, in turn under load.

    python3 bench/telemetry.py SERVER [--rounds 10] [--requests 20000] [--sampler NAME]

SERVER is the executable (published) or GrpcServing.Server.dll. Server on core 0, load and receiver on core 1. Needs h2load (Debian:
nghttp2-client). Prints for each round, and over all rounds the medians of the pairwise ratios (throughput and processor time of the server
per request, both at saturation) and differences (p50 of one request after another).
"""
import argparse
import http.server
import os
import re
import statistics
import subprocess
import tempfile
import threading

from server import Server
from wire import digits_request


class Receiver(http.server.BaseHTTPRequestHandler):
    """Takes OTLP over HTTP and counts it."""

    protocol_version = "HTTP/1.1"
    received = {}

    def do_POST(self):
        size = int(self.headers.get("content-length", 0))
        self.rfile.read(size)
        self.received[self.path] = self.received.get(self.path, 0) + size
        self.send_response(200)
        self.send_header("content-type", "application/x-protobuf")
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def processor_seconds(process):
    fields = open(f"/proc/{process.pid}/stat").read().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def load(server, body, requests, clients, streams):
    """Requests a second, processor time of the server in microseconds per request, p50 in microseconds."""
    before = processor_seconds(server.process)
    with tempfile.NamedTemporaryFile() as log:
        out = subprocess.run(
            ["taskset", "-c", "1", "h2load", "-n", str(requests), "-c", str(clients), "-m", str(streams), "-t", "1", "-d", body, f"--log-file={log.name}",
             "-H", "content-type: application/grpc", "-H", "te: trailers", server.grpc + "/inference.GRPCInferenceService/ModelInfer"], capture_output=True, text=True, check=True).stdout
        if f" {requests} succeeded" not in out:
            raise SystemExit(out)
        times = [int(line.split("\t")[2]) for line in open(log.name)]
        rate = float(re.search(r"finished in .*?, ([\d.]+) req/s", out).group(1))
        return rate, (processor_seconds(server.process) - before) / requests * 1e6, statistics.median(times)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("server")
    arguments.add_argument("--rounds", type=int, default=10)
    arguments.add_argument("--requests", type=int, default=20000, help="of each round, at saturation")
    arguments.add_argument("--sampler", default="", help="OTEL_TRACES_SAMPLER; nothing = the default")
    options = arguments.parse_args()

    os.sched_setaffinity(0, {1})
    receiver = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    exporting = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{receiver.server_port}", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf", "OTEL_METRIC_EXPORT_INTERVAL": "1000"}
    if options.sampler:
        exporting["OTEL_TRACES_SAMPLER"] = options.sampler
    servers = [Server(options.server), Server(options.server, environment=exporting)]
    try:
        with tempfile.NamedTemporaryFile() as body:
            body.write(digits_request())
            body.flush()
            for server in servers:
                load(server, body.name, options.requests, 8, 8)
            rates, costs, latencies = ([], []), ([], []), ([], [])
            for turn in range(options.rounds):
                # Who goes first changes with every round.
                for which in (0, 1) if turn % 2 == 0 else (1, 0):
                    rate, cost, _ = load(servers[which], body.name, options.requests, 8, 8)
                    rates[which].append(rate)
                    costs[which].append(cost)
                    latencies[which].append(load(servers[which], body.name, options.requests // 10, 1, 1)[2])
                print(f"round {turn + 1}: " + ", ".join(f"{name} {rates[i][-1]:.0f}/s {costs[i][-1]:.1f} us of processor, p50 {latencies[i][-1]:.0f} us" for i, name in enumerate(("off", "on"))), flush=True)
            for i, name in enumerate(("off", "on")):
                print(f"{name}: {statistics.median(rates[i]):.0f} req/s, {statistics.median(costs[i]):.1f} us of processor per request, p50 {statistics.median(latencies[i]):.0f} us")
            for name, values in (("throughput", rates), ("processor time", costs)):
                ratios = [on / off for off, on in zip(*values)]
                print(f"{name} on / off: median {statistics.median(ratios):.3f}, {min(ratios):.3f} .. {max(ratios):.3f}")
            differences = [on - off for off, on in zip(*latencies)]
            print(f"p50 on - off: median {statistics.median(differences):+.0f} us, {min(differences):+.0f} .. {max(differences):+.0f} us")
            print("received: " + ", ".join(f"{path} {size / 1e6:.1f} MB" for path, size in sorted(Receiver.received.items())))
    finally:
        for server in servers:
            server.stop()


main()
