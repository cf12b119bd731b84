#!/usr/bin/env python3
"""What a shadow costs the callers: one server of digits, in turn without a shadow, with an honest candidate, and with one a hundred times slower.

    dotnet build -c Release
    python3 bench/shadow.py [--rounds 8] [--seconds 10] [--deadline 0.05] [--load 0.4]

Everything is copied. Server on core 0, load on core 1. Needs Linux, h2load (Debian: nghttp2-client) and python3 with numpy and onnx (Debian:
python3-numpy python3-onnx). Each round runs off, honest, off, slow, once at a share of what the core serves (--load, paced, with a deadline)
and once at saturation. Prints each run, then the medians of the ratios within a round: with a shadow over without, and, as the noise of the
measurement, without over without. Goodput is answers inside their deadline a second; failures are requests that had another end than an answer or a missed deadline.
"""
import argparse
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import tempfile
import time
import urllib.request

import numpy
import onnx
from onnx import helper, numpy_helper

from server import Server, command
from wire import digits_request

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parent / "src"
DIGITS = SOURCE / "GrpcServing.Server/Examples/models/digits/1/model.onnx"
PHASES = (("off", 0), ("honest", 2), ("off again", 0), ("slow", 3))
# Each takes about a microsecond, the model without them about six.
MULTIPLICATIONS = 600
# Besides answers: what was under way when the run ended, and what would have missed its deadline, which goodput shows.
NO_FAILURES = ("ok", "cancelled", "deadline_expired", "deadline_unreachable")


def repository(directory):
    """Version 1 serves; version 2 is its copy; version 3 multiplies by the unit matrix before it answers the same."""
    for version in (1, 2, 3):
        (directory / "digits" / str(version)).mkdir(parents=True)
        shutil.copy(DIGITS, directory / "digits" / str(version) / "model.onnx")
    (directory / "digits" / "model.json").write_text('{ "versions": { "specific": [1] } }\n')
    model = onnx.load(str(DIGITS))
    graph, image = model.graph, model.graph.input[0].name
    graph.initializer.append(numpy_helper.from_array(numpy.eye(64, dtype=numpy.float32), "unit"))
    chain = [helper.make_node("MatMul", [image if i == 0 else f"turn{i - 1}", "unit"], [f"turn{i}"]) for i in range(MULTIPLICATIONS)]
    for node in graph.node:
        for i, name in enumerate(node.input):
            if name == image:
                node.input[i] = chain[-1].output[0]
    nodes = chain + list(graph.node)
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.save(model, str(directory / "digits" / "3" / "model.onnx"))


class ShadowServer(Server):
    def __init__(self, options, models):
        super().__init__(options.server, f"--Serving:ModelRepository={models}", f"--Serving:CaptureDirectory={models}/captures")
        self.gserve = options.gserve

    def shadow(self, *arguments):
        subprocess.run([*command(self.gserve), "shadow", *arguments, "--server", self.grpc], check=True, stdout=subprocess.DEVNULL)

    def metrics(self):
        """Sums by name and the labels outcome, result and lane."""
        sums = {}
        for line in urllib.request.urlopen(self.http + "/metrics").read().decode().splitlines():
            if found := re.match(r"(grpcserving_\w+)\{(.*)\} (\S+)", line):
                labels = dict(re.findall(r'(\w+)="([^"]*)"', found[2]))
                key = (found[1], labels.get("lane", ""), labels.get("outcome") or labels.get("result") or "")
                sums[key] = sums.get(key, 0) + float(found[3])
        return sums

    def resident_megabytes(self):
        return int(re.search(r"VmRSS:\s+(\d+)", open(f"/proc/{self.process.pid}/status").read())[1]) / 1024


def load(server, body, seconds, deadline, rate):
    """One run: p50 and p99 in microseconds, goodput, failures, resident memory. A rate of 0 saturates."""
    clients = 8
    pace = ["-m", "100", f"--rps={rate / clients:.0f}"] if rate else ["-m", "8"]
    before, began = server.metrics(), time.monotonic()
    with tempfile.NamedTemporaryFile() as log:
        out = subprocess.run(
            ["taskset", "-c", "1", "h2load", "-D", str(seconds), "-c", str(clients), "-t", "1", *pace, "-d", body, f"--log-file={log.name}",
             "-H", "content-type: application/grpc", "-H", "te: trailers", "-H", f"grpc-timeout: {deadline * 1e6:.0f}u", server.grpc + "/inference.GRPCInferenceService/ModelInfer"],
            capture_output=True, text=True, check=True).stdout
        times = sorted(int(line.split("\t")[2]) for line in open(log.name))
    took, after = time.monotonic() - began, server.metrics()
    if not times:
        raise SystemExit(out)
    grown = {key: value - before.get(key, 0) for key, value in after.items()}
    total = {name: sum(value for key, value in grown.items() if key[0] == name and key[1] in ("primary", "") and wanted(key[2]))
             for name, wanted in (("grpcserving_requests_total", lambda outcome: outcome not in NO_FAILURES), ("grpcserving_deadlines_total", lambda result: result == "met"))}
    pairs = sum(value for key, value in grown.items() if key[0] == "grpcserving_shadow_pairs_total")
    return {"p50": times[len(times) // 2], "p99": times[int(len(times) * 0.99)], "goodput": total["grpcserving_deadlines_total"] / min(took, seconds),
            "failures": total["grpcserving_requests_total"], "pairs": max(0, pairs), "resident": server.resident_megabytes()}


def report(name, runs):
    print(f"\n{name}, medians of {len(runs['off'])} rounds")
    for phase, of_phase in runs.items():
        p50, p99, goodput = (statistics.median(run[what] for run in of_phase) for what in ("p50", "p99", "goodput"))
        print(f"  {phase:10} p50 {p50:7.0f} us  p99 {p99:7.0f} us  goodput {goodput:7.0f}/s  failures {sum(run['failures'] for run in of_phase):.0f}  "
              f"pairs {sum(run['pairs'] for run in of_phase):.0f}  resident at most {max(run['resident'] for run in of_phase):.0f} MB")
    for what in ("p50", "p99", "goodput"):
        for title, on, off in (("honest / off", "honest", "off"), ("slow / off", "slow", "off again"), ("noise: off / off", "off again", "off")):
            ratios = [a[what] / b[what] for a, b in zip(runs[on], runs[off])]
            print(f"  {what:8} {title:17} {statistics.median(ratios):.3f}  ({min(ratios):.3f} .. {max(ratios):.3f})")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rounds", type=int, default=8)
    arguments.add_argument("--seconds", type=int, default=10, help="of each run")
    arguments.add_argument("--deadline", type=float, default=0.05, help="in seconds")
    arguments.add_argument("--load", type=float, default=0.4, help="of the paced runs, as a share of what the core serves")
    arguments.add_argument("--server", default=str(SOURCE / "GrpcServing.Server/bin/Release/net10.0/GrpcServing.Server.dll"), help="published executable or dll")
    arguments.add_argument("--gserve", default=str(SOURCE / "GrpcServing.Cli/bin/Release/net10.0/gserve.dll"), help="published executable or dll")
    options = arguments.parse_args()

    os.sched_setaffinity(0, {1})
    with tempfile.TemporaryDirectory() as directory, tempfile.NamedTemporaryFile() as body:
        repository(pathlib.Path(directory))
        body.write(digits_request())
        body.flush()
        server = ShadowServer(options, directory)
        try:
            load(server, body.name, 2, options.deadline, 0)
            capacity = load(server, body.name, options.seconds, options.deadline, 0)["goodput"]
            rate = options.load * capacity
            print(f"saturated: {capacity:.0f}/s; paced: {rate:.0f}/s", flush=True)
            modes = {"paced": rate, "saturated": 0}
            runs = {mode: {phase: [] for phase, _ in PHASES} for mode in modes}
            for turn in range(options.rounds):
                for mode, pace in modes.items():
                    for phase, candidate in PHASES:
                        if candidate:
                            server.shadow("start", "digits", "--candidate", str(candidate))
                        run = load(server, body.name, options.seconds, options.deadline, pace)
                        if candidate:
                            server.shadow("stop", "digits")
                        runs[mode][phase].append(run)
                        print(f"round {turn + 1} {mode:9} {phase:10} p50 {run['p50']} us, p99 {run['p99']} us, goodput {run['goodput']:.0f}/s, failures {run['failures']:.0f}, "
                              f"pairs {run['pairs']:.0f}, resident {run['resident']:.0f} MB", flush=True)
            for mode, of_mode in runs.items():
                report(mode, of_mode)
        finally:
            server.stop()


main()
