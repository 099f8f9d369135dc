"""The proxies of the README, as they stand there, before a real service: streams pass at once."""

import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from tests.conftest import provided
from tests.running import PATIENCE, ROOT, Running, eventually, free_port, service
from tests.sample import body
from tracker.access import Grant, Role
from tracker.control import Control
from tracker.deployment import Deployment, caddy_file
from tracker.signing import sign

NAME = "tracker.example.org"
AROUND = """
daemon off; pid nginx.pid; error_log stderr;
events {{ }}
http {{
    access_log off;
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi; scgi_temp_path scgi;
{site}
}}
"""
# Names of its own for a certificate of its own; nothing but loopback is listened on.
OF_CADDY = """{
\tadmin off
\tskip_install_trust
\tauto_https disable_redirects
\tdefault_bind 127.0.0.1
"""


@pytest.fixture
def running(data: Path) -> Iterator[Running]:
    env = {"TRACKER_OPEN_ACCESS": "false", "TRACKER_TRUSTED_PROXIES": "127.0.0.1"}
    with service(data, env=env) as started:
        yield started


@contextmanager
def nginx(directory: Path, running: Running) -> Iterator[httpx.Client]:
    """The README's site, on a free port with a certificate made for it."""
    found = re.search(r"```nginx\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert found
    assert found[1].count(";\n") <= 10, "ten lines are enough"
    key, certificate, port = directory / "key.pem", directory / "certificate.pem", free_port()
    make = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={NAME}"]
    subprocess.run(
        [provided("openssl"), *make, "-keyout", key, "-out", certificate],
        check=True,
        capture_output=True,
    )
    live = f"/etc/letsencrypt/live/{NAME}"
    site = (
        found[1]
        .replace("listen 443", f"listen 127.0.0.1:{port}")
        .replace(f"{live}/fullchain.pem", str(certificate))
        .replace(f"{live}/privkey.pem", str(key))
        .replace("http://127.0.0.1:8000", running.url)
    )
    (directory / "nginx.conf").write_text(AROUND.format(site=site))
    command = [provided("nginx", "nginx-light"), "-p", str(directory), "-c", "nginx.conf"]
    with proxy(command, directory, port, NAME) as client:
        yield client


@contextmanager
def caddy(directory: Path, running: Running) -> Iterator[httpx.Client]:
    """The file that `tracker install` writes, with a certificate of Caddy's own."""
    port = free_port()
    host = f"localhost:{port}"
    written = caddy_file(
        Deployment(["tracker"], base_url=running.url, public_url=f"https://{host}")
    )
    (directory / "Caddyfile").write_text(written.replace("{\n", OF_CADDY, 1))
    command = [provided("caddy"), "run", "--config", "Caddyfile", "--adapter", "caddyfile"]
    with proxy(command, directory, port, host) as client:
        yield client


@contextmanager
def proxy(command: list[str], directory: Path, port: int, host: str) -> Iterator[httpx.Client]:
    """A client that reaches a service through a proxy under its public name."""
    said = (directory / "said").open("wb")
    home = {"HOME": str(directory), "XDG_DATA_HOME": str(directory), "PATH": "/usr/sbin:/usr/bin"}
    process = subprocess.Popen(command, cwd=directory, env=home, stdout=said, stderr=said)
    client = httpx.Client(
        base_url=f"https://localhost:{port}",
        headers={"host": host},
        timeout=PATIENCE,
        verify=False,  # noqa: S501 - a certificate that was made for this test
    )
    try:
        eventually(lambda: answers(client, process, directory / "said"))
        yield client
    finally:
        client.close()
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(2)
        process.kill()  # Caddy waits for connections as long as there are any
        process.wait()
        said.close()


def answers(client: httpx.Client, process: "subprocess.Popen[bytes]", said: Path) -> bool:
    assert process.poll() is None, said.read_text()
    with suppress(httpx.TransportError):
        return client.get("/healthz").is_success
    return False


@pytest.mark.parametrize("way", [nginx, caddy])
def test_a_proxy_passes_streams_on_and_is_believed(
    way: object, running: Running, tmp_path: Path
) -> None:
    directory = tmp_path / "proxy"
    directory.mkdir()
    control = Control(running.data / "control.db")
    _, token = control.tokens.add("test", Grant(Role.MANAGER), actor="test")
    with way(directory, running) as client:  # type: ignore[operator] # one of the two above
        event = body()
        answer = client.post(
            "/webhooks/popp", content=event, headers={"x-signature": sign(running.secret, event)}
        )
        assert answer.json()["status"] == "accepted"
        streams_at_once(client, running, f"Bearer {token}")
        believes(client, control)


def streams_at_once(client: httpx.Client, running: Running, authorization: str) -> None:
    """What happens is read while the answer goes on."""
    heard: list[str] = []

    def read() -> None:
        with client.stream("GET", "/live", headers={"authorization": authorization}) as answer:
            for line in answer.iter_lines():
                heard.append(line)
                if "talk-2" in line:
                    return

    threading.Thread(target=read, daemon=True).start()
    eventually(lambda: "event: hello" in heard)
    running.post(body("e-2", record="talk-2"))
    eventually(lambda: any("talk-2" in line for line in heard))


def believes(client: httpx.Client, control: Control) -> None:
    """TLS and the sender are the proxy's word, not the client's; forms come from here."""
    page = client.get("/sign-in", headers={"x-forwarded-for": "203.0.113.9"})
    assert page.headers["strict-transport-security"].startswith("max-age=")
    cookie = page.headers["set-cookie"]
    assert cookie.startswith("__Host-visit=")
    found = re.search(r'name="form_token" value="(\w+)"', page.text)
    assert found
    tried = client.post(
        "/sign-in",
        data={"form_token": found[1], "email": "jo@example.org", "password": "a wrong one"},
        headers={
            "cookie": cookie.partition(";")[0],
            "origin": f"https://{client.headers['host']}",
            "x-forwarded-for": "203.0.113.9",
        },
    )
    assert tried.status_code == 400, tried.text
    [line] = control.audit.entries(action="sign-in failed")
    assert line.remote == "127.0.0.1"
