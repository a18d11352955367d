"""Runs `rollcall connector` against scim2-server, a SCIM 2.0 server of other people; exits 1 when something is wrong.

Usage: interop_connector.py BINARY
"""

import contextlib
import io
import json
import logging
import os
import queue
import subprocess
import sys
import threading

from scim2_server.testserver import cli

TOKEN = "interop-token"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


def serve() -> str:
    """Starts the server in this process, on a free port; its base URL."""
    started = queue.Queue()
    make_server = cli.make_server

    def on_a_free_port(host, _port, application, **options):
        server = make_server(host, 0, application, **options)
        server.RequestHandlerClass.log_message = lambda *_: None
        started.put(server.server_port)
        return server

    cli.make_server = on_a_free_port
    sys.argv = ["scim2-server", "--bearer-token", TOKEN]
    # It says that it listens on the port that it was told.
    with contextlib.redirect_stdout(io.StringIO()):
        threading.Thread(target=cli.main, daemon=True).start()
        port = started.get(timeout=30)
    return f"http://127.0.0.1:{port}/v2"


class Connector:
    def __init__(self, binary: str, base_url: str):
        self.command = [binary, "connector", "--base-url", base_url, "--output", "json"]

    def run(self, *arguments: str):
        environment = {**os.environ, "ROLLCALL_CONNECTOR_TOKEN": TOKEN}
        done = subprocess.run([*self.command, *arguments], capture_output=True, text=True, env=environment, timeout=60)
        if done.returncode != 0:
            return done.returncode, done.stderr.strip()
        return 0, [json.loads(line) for line in done.stdout.splitlines()]

    def __call__(self, *arguments: str):
        status, found = self.run(*arguments)
        assert status == 0, f"{' '.join(arguments)}: exit {status}: {found}"
        return found[0] if len(found) == 1 else found


def ids(found) -> list:
    return [one["id"] for one in (found if isinstance(found, list) else [found])]


def groups_of(connector: Connector, user: str) -> list:
    """The groups that have the user; this server does not show them on the user."""
    return sorted(ids(connector("search", "Group", "--filter", f'members.value eq "{user}"')))


def check(connector: Connector) -> None:
    report = connector("test")
    assert report["scimVersion"] == "2.0" and dict(report["can"])["patch"] is True, report
    assert "__ACCOUNT__" in connector("schema", "User", "--view", "connid")

    groups = [connector("create", "Group", json.dumps({"displayName": f"G{at}"}))["id"] for at in range(3)]
    flat = ("--view", "connid")
    made = connector(
        "create", "User", *flat, "--set", '__NAME__=o"brien', "--set", "__ENABLE__=false",
        "--set", 'emails.work.value=["a@example.com", "b@example.com"]', "--set", "emails.home.value=h@example.com",
        "--set", f"{ENTERPRISE}:department=D", "--set", f"groups={json.dumps(groups[:2])}",
    )
    user = made["__UID__"]
    read = connector("get", "User", user, *flat)
    assert groups_of(connector, user) == sorted(groups[:2])
    assert read["emails.work.value"] == ["a@example.com", "b@example.com"] and read["__ENABLE__"] is False, read
    assert read[f"{ENTERPRISE}:department"] == "D", read

    connector(
        "update", "User", user, *flat, "--set", "emails.home.value=n@example.com", "--set", "nickName=N",
        "--remove", "emails.work.value=a@example.com", "--set", f"groups={json.dumps(groups[1:])}",
        "--set", f"{ENTERPRISE}:costCenter=C",
    )
    read = connector("get", "User", user, *flat)
    assert groups_of(connector, user) == sorted(groups[1:])
    assert (read["emails.work.value"], read["emails.home.value"]) == ("b@example.com", "n@example.com"), read
    assert read["__ENABLE__"] is False, "a disabled user stays disabled"
    assert (read[f"{ENTERPRISE}:department"], read[f"{ENTERPRISE}:costCenter"]) == ("D", "C"), read
    again = connector("update", "User", user, *flat, "--set", "nickName=N", "--set", "emails.home.value=n@example.com")
    assert again["requests"] == 0, again
    connector("update", "User", user, *flat, "--clear", "nickName")
    assert "nickName" not in connector("get", "User", user)

    for at in range(6):
        connector("create", "User", json.dumps({"userName": f"u{at}", "title": "Dr" if at % 2 else "Ms"}))
    for filter, count in [
        ('__NAME__ eq "O\\"BRIEN"', 1),
        ('title eq "Dr" and userName sw "u"', 3),
        ('not (title pr)', 1),
        ('emails.work.value eq "b@example.com"', 1),
        ('userName co "u" and (userName ew "1" or userName ew "2")', 2),
        (f'{ENTERPRISE}.department eq "D"', 1),
    ]:
        found = connector("search", "User", *flat, "--filter", filter)
        assert len(ids(found)) == count, f"{filter}: {found}"
    everyone, cookie = [], None
    while True:
        page = connector("search", "User", "--page-size", "3", *(["--cookie", cookie] if cookie else []))
        everyone += ids(page["objects"])
        cookie = page["cookie"]
        if cookie is None:
            break
    assert len(everyone) == len(set(everyone)) == 7, everyone

    connector("update", "Group", groups[0], "--add", f"members={user}", "--set", "displayName=Renamed")
    group = connector("get", "Group", groups[0], *flat)
    assert (group["__NAME__"], group["members"]) == ("Renamed", [user]), group
    connector("update", "Group", groups[0], *flat, "--set", "members=[]")
    assert "members" not in connector("get", "Group", groups[0], *flat)

    connector("delete", "User", user)
    status, said = connector.run("get", "User", user, *flat)
    assert status == 1 and "UnknownUidException" in said, said
    status, said = connector.run("create", "Group", json.dumps({"displayName": "x"}), "--token", "wrong")
    assert status == 1 and "credentials" in said, said


def main() -> int:
    logging.disable(logging.INFO)
    check(Connector(sys.argv[1], serve()))
    print("rollcall connector: every operation against scim2-server did what it was asked")
    return 0


if __name__ == "__main__":
    sys.exit(main())
