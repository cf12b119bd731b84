#!/usr/bin/env python3
"""Deadlines live: the policies side by side under open-loop Poisson load, and beside them the simulator on the batch times that the server measured.

    dotnet build -c Release
    python3 bench/live.py SERVER MODEL.onnx... [--rounds 3] [--seconds 6] [--deadline 0.1]

SERVER is the published executable or GrpcServing.Server.dll; each MODEL.onnx is served with one executor, once under `deadline` and once under
`greedy`. Server on core 0, load on core 1. Load 1.0 is the largest rate that can be promised whole: max b / l(b) with 2 l(b) within the
deadline. On time counts all offered, from the intended send time. The simulator gets l(b) as planned, at the mean pace of the run that it is
compared with. It knows no network, which the core serves as well: what that takes is what the device is less busy in overload. It has no give-up
at the deadline for `eager`, so only `deadline` is compared with it. Prints Markdown.
"""
import argparse
import csv
import json
import os
import pathlib
import random
import statistics
import subprocess
import tempfile
import urllib.request

from server import Server

HERE = pathlib.Path(__file__).resolve().parent
LOADS = (0.5, 0.8, 1.0, 1.5)


def tool(name):
    return ["dotnet", str(HERE / name / "bin/Release/net10.0" / f"{name}.dll")]


class LiveServer(Server):
    def batch_times(self, model):
        """(rows, seconds), as planned now."""
        stats = json.load(urllib.request.urlopen(f"{self.http}/v2/models/{model}/stats"))["model_stats"][0]
        return [(int(entry["batch_size"]), int(entry["planned_ns"]) / 1e9) for entry in stats["batch_latency"]]

    def runs(self, model):
        """By rows of the batch: how many ran, and their seconds in all, gather and scatter included."""
        stats = json.load(urllib.request.urlopen(f"{self.http}/v2/models/{model}/stats"))["model_stats"][0]
        parts = ("compute_input", "compute_infer", "compute_output")
        return {int(entry["batch_size"]): (int(entry["compute_infer"]["count"]), sum(int(entry[part]["ns"]) for part in parts) / 1e9) for entry in stats.get("batch_stats", [])}

    def counter(self, name, model):
        text = urllib.request.urlopen(f"{self.http}/metrics").read().decode()
        return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith(f"grpcserving_{name}{{") and f'model="{model}"' in line)

    def load(self, model, rate, seconds, deadline, seed, *more):
        out = subprocess.run(["taskset", "-c", "1", *tool("GrpcServing.LoadGenerator"), "--url", self.grpc, "--model", model, "--rate", f"{rate:.1f}", "--duration", f"{seconds}",
                              "--warmup", "1", "--deadline", f"{deadline}", "--seed", f"{seed}", *more], capture_output=True, text=True, check=True).stdout
        return json.loads(out)


def promised_rate(times, deadline):
    return max(rows / seconds for rows, seconds in times if 2 * seconds <= deadline)


def as_run(times, before, after):
    """The planned batch times at the pace that a run had: (rows, seconds), and the seconds that its batches took. A plan is near the median, and few slow runs outweigh many."""
    planned, taken, expected = dict(times), 0.0, 0.0
    for rows, (count, seconds) in after.items():
        old_count, old_seconds = before.get(rows, (0, 0.0))
        nearest = min(planned, key=lambda known: abs(known - rows))
        taken += seconds - old_seconds
        expected += (count - old_count) * planned[nearest] * rows / nearest
    return [(rows, seconds * taken / expected) for rows, seconds in times], taken


def simulated(times, rate, deadline, policy):
    """Share on time, and of its time that the device was busy; medians of three seeds."""
    with tempfile.TemporaryDirectory() as scratch:
        profile, trace = f"{scratch}/profile.csv", f"{scratch}/trace.csv"
        with open(profile, "w", newline="") as file:
            csv.writer(file).writerows([("rows", "seconds"), *((rows, f"{seconds:.9f}") for rows, seconds in times)])
        shares, busy = [], []
        for seed in (1, 2, 3):
            chance, now, rows = random.Random(seed), 0.0, [("arrival", "deadline", "rows")]
            for _ in range(int(rate * 20)):
                now += chance.expovariate(rate)
                rows.append((f"{now:.9f}", f"{now + deadline:.9f}", 1))
            with open(trace, "w", newline="") as file:
                csv.writer(file).writerows(rows)
            result = json.loads(subprocess.run([*tool("GrpcServing.Simulator"), "run", "--profile", profile, "--trace", trace, "--policy", policy], capture_output=True, text=True, check=True).stdout)
            shares.append(result["onTime"] / result["offered"])
            busy.append(result["deviceBusySeconds"] / now)
        return statistics.median(shares), min(1, statistics.median(busy))


def measure(file, options):
    name = pathlib.Path(file).resolve().parent.parent.name
    with tempfile.TemporaryDirectory() as repository:
        models = {policy: f"{name}-{policy}" for policy in ("deadline", "greedy")}
        for policy, model in models.items():
            version = pathlib.Path(repository, model, "1")
            version.mkdir(parents=True)
            (version / "model.onnx").symlink_to(pathlib.Path(file).resolve())
            (version.parent / "model.json").write_text(json.dumps({"batching": {"policy": policy}, "execution": {"instances": 1}}))
        server = LiveServer(options.server, f"--Serving:ModelRepository={repository}")
        try:
            for model in models.values():
                server.load(model, 0.8 * promised_rate(server.batch_times(model), options.deadline), 3, options.deadline, 9)
            full = promised_rate(server.batch_times(models["deadline"]), options.deadline)
            share, goodput, wasted, busy = {}, {}, {}, {load: [] for load in LOADS}
            times = {load: [] for load in LOADS}
            for turn in range(options.rounds):
                for load in LOADS:
                    for policy, model in list(models.items())[:: 1 if turn % 2 == 0 else -1]:
                        before, ran = [server.counter(metric, model) for metric in ("execution_wasted_seconds_total", "execution_duration_seconds_sum")], server.runs(model)
                        report = server.load(model, load * full, options.seconds, options.deadline, turn + 1)
                        after = [server.counter(metric, model) for metric in ("execution_wasted_seconds_total", "execution_duration_seconds_sum")]
                        share.setdefault((load, policy), []).append(report["onTimeFraction"])
                        goodput.setdefault((load, policy), []).append(report["goodputPerSecond"])
                        wasted.setdefault((load, policy), []).append((after[0] - before[0]) / max(1e-9, after[1] - before[1]))
                        if policy == "deadline":
                            # The machine changes from minute to minute, and the simulator is to be told of the same one.
                            measured, taken = as_run(server.batch_times(model), ran, server.runs(model))
                            times[load].append(measured)
                            busy[load].append(taken / (options.seconds + 1))
            after_burst = []
            for turn in range(options.rounds):
                report = server.load(models["deadline"], 0.5 * full, 10, options.deadline, turn + 1, "--burst", "2:5:3")
                first = int((7 + 2 * options.deadline) * 10)
                after_burst.append(statistics.mean(report["timeline"][first:]))
        finally:
            server.stop()
    print(f"\n## {name}, {1000 * options.deadline:.0f} ms, load 1.0 = {full:.0f} requests/s\n")
    print("| load | on time: deadline | simulated | difference, points | device busy | simulated | on time: greedy | goodput/s: deadline | greedy | wasted device time: deadline | greedy |\n|---|---|---|---|---|---|---|---|---|---|---|")
    for load in LOADS:
        expected = [simulated(measured, load * full, options.deadline, "deadline") for measured in times[load]]
        difference = statistics.median(live - planned for live, (planned, _) in zip(share[load, "deadline"], expected))
        cells = [
            f"{load}", f"{statistics.median(share[load, 'deadline']):.3f}", f"{statistics.median(planned for planned, _ in expected):.3f}", f"{100 * difference:+.1f}",
            f"{100 * statistics.median(busy[load]):.0f} %", f"{100 * statistics.median(share for _, share in expected):.0f} %", f"{statistics.median(share[load, 'greedy']):.3f}",
            *(f"{statistics.median(goodput[load, policy]):.0f}" for policy in models), *(f"{100 * statistics.median(wasted[load, policy]):.2f} %" for policy in models),
        ]
        print(f"| {' | '.join(cells)} |")
    peak = max(statistics.median(goodput[load, "deadline"]) for load in LOADS)
    print(f"\n- Goodput at 1.5 over the largest: {statistics.median(goodput[1.5, 'deadline']) / peak:.3f}.")
    print(f"- After a burst of 5 s at 3 times load 0.5, from two deadlines on: {', '.join(f'{value:.3f}' for value in after_burst)} on time.")
    print(f"- Batch times at the end, ms: {', '.join(f'l({rows}) {1000 * seconds:.1f}' for rows, seconds in times[LOADS[-1]][-1] if rows in (1, 2, 4, 8, 16, 32, 64))}.")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("server")
    arguments.add_argument("models", nargs="+", metavar="MODEL.onnx", help="as <name>/<version>/model.onnx")
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--seconds", type=float, default=6, help="of each run")
    arguments.add_argument("--deadline", type=float, default=0.1)
    options = arguments.parse_args()
    os.sched_setaffinity(0, {1})
    for file in options.models:
        measure(file, options)


main()
