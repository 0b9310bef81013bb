#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Completion of names that the system and its servers know: containers, sessions, hosts, users, jobs, signals, scripts."""
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lib"))
from checks import equal, main  # noqa: E402
from editing import run, session  # noqa: E402

ANSWERS = {
    "/containers/json": [{"Names": ["/web"], "Image": "nginx:1", "Status": "Up 2 hours"}],
    "/containers/json?all=1": [{"Names": ["/web", "/other/link"], "Image": "nginx:1", "Status": "Up 2 hours"},
                               {"Names": ["/worker \u00e9"], "Image": "app", "Status": "Exited (0)"}],
    "/images/json": [{"Id": "sha256:0123456789abcdef", "RepoTags": ["nginx:1", "nginx:latest"]},
                     {"Id": "sha256:fedcba9876543210", "RepoTags": ["<none>:<none>"]}],
    "/volumes": {"Volumes": [{"Name": "data", "Driver": "local"}], "Warnings": None},
    "/networks": [{"Name": "bridge", "Driver": "bridge"}, {"Name": "inner", "Driver": "overlay"}],
}


class Docker:
    """A stand-in for Docker's daemon: answers what ANSWERS has, and nothing at all while it is `stuck`."""

    def __init__(self, path):
        self.stuck, self.asked = False, []
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(path)
        self.server.listen()
        self.waiting = []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            connection, _ = self.server.accept()
            resource = connection.recv(4096).split()[1].decode()
            self.asked.append(resource)
            if self.stuck:
                self.waiting.append(connection)
                continue
            body = json.dumps(ANSWERS[resource]).encode()
            connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n" + body)
            connection.close()


def test_docker(shell, folder):
    """Containers, images, volumes and networks come from the daemon's socket, no program is run, a stuck daemon is not waited for"""
    path = os.path.join(folder, "docker.sock")
    docker = Docker(path)
    with session(shell, folder, env={"DOCKER_HOST": "unix://" + path}) as terminal:
        terminal.type("docker exec \t", r"^\$ docker exec web\Z")
        terminal.type("\x15docker rm w\t", r"web +nginx:1, Up 2 hours\s+worker é +app, Exited \(0\)\Z")
        terminal.type("\x15docker run ng\t", r"nginx:1 +0123456789ab\s+nginx:latest +0123456789ab\Z")
        terminal.type("\x15docker rmi fe\t", r"^\$ docker rmi fedcba987654\Z")
        terminal.type("\x15docker volume rm d\t", r"^\$ docker volume rm data\Z")
        terminal.type("\x15docker network connect in\t", r"^\$ docker network connect inner\Z")
        terminal.type("wo\t", r"connect inner worker\\ é\Z")
        equal(len(docker.asked), 7, f"{docker.asked}")
        docker.stuck = True
        terminal.type("\x15docker stop w\t")
        terminal.type("x", r"^\$ docker stop wx\Z")
    with session(shell, folder, env={"DOCKER_HOST": "unix:///nowhere"}) as terminal:
        Path(folder, "work", "webfile").write_text("")
        terminal.type("docker stop we\tx", r"^\$ docker stop wex\Z")


def test_tmux(shell, folder):
    """Sessions come from the tmux server, which is not started for it"""
    if not shutil.which("tmux"):
        return
    environment = {"TMUX_TMPDIR": folder}

    def tmux(*words):
        subprocess.run(["tmux", *words], env={**os.environ, **environment, "TERM": "xterm"}, check=True)

    with session(shell, folder, env=environment) as terminal:
        terminal.type("tmux attach -t \tx", r"^\$ tmux attach -t x\Z")
        equal([name for name in os.listdir(folder) if name.startswith("tmux-")], [], "a server")
        tmux("new-session", "-d", "-s", "main work", "sleep 100")
        tmux("-L", "second", "new-session", "-d", "-s", "elsewhere", "sleep 100")
        try:
            terminal.type("\x15tmux attach -t m\t", r"^\$ tmux attach -t main\\ work\Z")
            terminal.type("\x15tmux -L second kill-session -t \t", r"-t elsewhere\Z")
            tmux("new-session", "-d", "-s", "mail", "sleep 100")
            terminal.type("\x15tmux switch-client -t \t", r"mail +1 windows *\n?.*main work +1 windows.*\Z")
        finally:
            tmux("kill-server")
            tmux("-L", "second", "kill-server")


def test_tmux_put_there(shell, folder):
    """A program that is asked for names is confined as others are: a command could have put it there"""
    state = os.path.join(folder, ".local/state/vsh")
    place = os.path.join(folder, "bin")
    os.mkdir(place)
    with open(os.path.join(place, "tmux"), "w") as file:
        file.write(f"#!/bin/sh\n: > {folder}/ran\necho x > {state}/new\nprintf 'one\\t1 windows\\n'\n")
    os.chmod(file.name, 0o755)
    with session(shell, folder, env={"PATH": place + ":/usr/bin:/bin", "TMUX": "x,1,0"}) as terminal:
        run(terminal, ": > x", "")
        terminal.type("tmux attach -t \t", r"tmux attach -t one\Z")
    equal((os.path.exists(os.path.join(folder, "ran")), os.path.exists(state), os.path.exists(os.path.join(state, "new"))), (True, True, False), "what it did")


def test_hosts_and_users(shell, folder):
    """Hosts of ssh's configuration with its includes and of known_hosts; users after ~ and where a command takes them"""
    directory = Path(folder, ".ssh")
    (directory / "more").mkdir(parents=True)
    (directory / "config").write_text("Host alpha *.example\n  User me\nInclude more/*\n")
    (directory / "more" / "a").write_text("Host=alpine\n")
    (directory / "known_hosts").write_text("[beta.example]:22,10.0.0.1 ssh-ed25519 AAAA\n|1|hashed= ssh-rsa AAAA\n")
    with session(shell, folder) as terminal:
        terminal.type("ssh al\t", r"^\$ ssh alp\nalpha +ssh configuration +alpine +ssh configuration\Z")
        terminal.type("\x15ssh me@be\t", r"^\$ ssh me@beta\.example\Z")
        terminal.type("\x15scp x ~roo\t", r"^\$ scp x ~root/\Z")
        terminal.type("\x15su daem\t", r"^\$ su daemon\Z")


def test_jobs_signals_processes(shell, folder):
    """kill completes jobs with their commands, signals with what they mean, processes by number and by name"""
    with session(shell, folder) as terminal:
        run(terminal, "sleep 987 & sleep 986 &", r"^\[2\]")
        terminal.type("kill %\t", r"%1 +running: sleep 987 +%2 +running: sleep 986\Z")
        terminal.type("\x15kill -HU\t", r"^\$ kill -HUP\Z")
        terminal.type("\x15fg \t", r"%1 +running: sleep 987")
        terminal.type("\x15kill -s HU\t", r"^\$ kill -s HUP\Z")
        terminal.type("\x15trap : US\t", r"^\$ trap : USR\nUSR1.*USR2")
        terminal.type("\x15wait \t2\x15", r"^\$\Z")
        run(terminal, "kill %1 %2; wait", r"^\$ kill %1 %2; wait")


def test_processes(shell, folder):
    """kill completes processes, the highest numbers first, without the kernel's threads"""
    with session(shell, folder) as terminal:
        run(terminal, "sleep 985 &", r"^\[1\]")
        terminal.type("kill \t", r"%1 +running: sleep 985")
        numbers = [int(number) for number in re.findall(r"(?m)^(\d+)  ", terminal.screen.text())]
        equal(len(numbers) > 0, True, terminal.screen.text())
        equal(numbers, sorted(numbers, reverse=True))
        threads = []
        for number in numbers:
            try:
                # PF_KTHREAD
                flags = int(Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[6])
            except OSError:
                continue  # it has ended
            threads += [number] if flags & 0x200000 else []
        equal(threads, [])
        terminal.type("\x15")
        run(terminal, "kill %1; wait", r"^\$ kill %1; wait")


def test_operations(shell, folder):
    """undo completes what is not undone yet, restore all of it"""
    with session(shell, folder) as terminal:
        run(terminal, "echo a > a", r"^\$ echo a > a")
        run(terminal, "echo b > b", r"^\$ echo b > b")
        terminal.type("undo \t", r"@2 +echo b > b  \(1 change, just now\)\s+@1 +echo a > a")
        terminal.type("\x15", r"^\$\Z")
        run(terminal, "undo", "undid @2")
        terminal.type("undo \t", r"^\$ undo @1\Z")
        terminal.type("\x15restore \t", r"@2 +echo b > b .*\s+@1 +echo a > a")


def test_scripts_of_npm(shell, folder):
    """npm run completes the scripts of package.json, however it is written"""
    with session(shell, folder) as terminal:
        Path(folder, "work", "package.json").write_text(
            '{"name":"x","scripts":{"build":"tsc \\u0026\\u0026 echo \\"done\\"","bundle":"esbuild"},"more":[1,{"a":null}]}')
        terminal.type("npm run bu\t", r'^\$ npm run bu\nbuild +tsc && echo "done" +bundle +esbuild\Z')


if __name__ == "__main__":
    main(globals())
