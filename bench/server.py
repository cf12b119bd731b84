"""The server under measurement: on core 0, while the scripts here and their load keep to core 1."""
import os
import re
import subprocess
import threading


class Server:
    def __init__(self, executable, *settings, environment=None):
        """executable is the published one or GrpcServing.Server.dll; settings are as on its command line."""
        self.process = subprocess.Popen(["taskset", "-c", "0", *command(executable), "--Serving:GrpcPort=0", "--Serving:HttpPort=0", *settings],
                                        env={**os.environ, **(environment or {})}, stdout=subprocess.PIPE, text=True)
        for line in self.process.stdout:
            if found := re.search(r"Ready: .* on (http://[\d.:]+), \w+ on (http://[\d.:]+)", line):
                self.grpc, self.http = found.groups()
                # What it goes on to say must not fill the pipe.
                threading.Thread(target=self.process.stdout.read, daemon=True).start()
                return
        raise SystemExit(f"{executable} did not start; build it first: dotnet build -c Release")

    def stop(self):
        self.process.terminate()


def command(executable):
    return ["dotnet", executable] if executable.endswith(".dll") else [executable]
