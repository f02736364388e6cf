"""Kamailio as a carrier: a registrar that challenges with 401, and a proxy that challenges with 407."""

import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.network import inside, prefix
from tests.office import options, wait_for

ACCOUNT, SECRET = "4930123450", "carrier-secret-2026"
SUBSCRIBER, SUBSCRIBER_SECRET = "301234567", "subscriber-secret-2026"

MODULES = "tm sl rr pv maxfwd textops siputils xlog auth usrloc registrar cfgutils"

CONFIG = """
debug=1
children=2
tcp_children=2
log_stderror=yes
log_prefix="$ci "
mhomed=no
auto_aliases=no
alias="{domain}"
listen=udp:{address}:5060
listen=tcp:{address}:5060
{modules}
modparam("auth", "nonce_expire", 300)
modparam("registrar", "max_expires", 3600)
modparam("rr", "append_fromtag", 1)

request_route {{
    if (!mf_process_maxfwd_header("10")) {{ sl_send_reply("483", "Too Many Hops"); exit; }}
    if (is_method("OPTIONS") && uri==myself) {{ sl_send_reply("200", "OK"); exit; }}
    if (is_method("CANCEL")) {{
        if (t_check_trans()) t_relay();
        exit;
    }}
    if (has_totag()) {{
        if (loose_route() || is_method("ACK")) {{ t_relay(); exit; }}
        sl_send_reply("404", "Not Here");
        exit;
    }}
    $var(secret) = "";
    if ($au == "{account}") $var(secret) = "{secret}";
    if ($au == "{subscriber}") $var(secret) = "{subscriber_secret}";
    if (is_method("REGISTER")) {{
        if (!pv_www_authenticate("{domain}", "$var(secret)", "0")) {{ www_challenge("{domain}", "1"); exit; }}
        xlog("L_NOTICE", "REGISTERED $au\\n");
        save("location");
        exit;
    }}
    if (!pv_proxy_authenticate("{domain}", "$var(secret)", "0")) {{
        xlog("L_NOTICE", "CHALLENGED $rm $rU\\n");
        proxy_challenge("{domain}", "1");
        exit;
    }}
    consume_credentials();
    xlog("L_NOTICE", "PROVEN $rm $rU by $au\\n");
    {wait}
    record_route();
    if ($rU == "{subscriber}") {{
        $ru = "sip:{subscriber}@{subscriber_at}:5060";
    }} else if (!lookup("location")) {{
        sl_send_reply("404", "Not Registered");
        exit;
    }}
    t_relay();
}}
"""


@dataclass
class Kamailio:
    """`slow` = seconds that it thinks about a proven request before it says anything."""

    folder: Path
    namespace: str
    address: str
    domain: str
    subscriber_at: str
    slow: float = 0

    def start(self) -> None:
        self.folder.mkdir()
        loads = "\n".join(f'loadmodule "{name}.so"' for name in MODULES.split())
        accounts = {"account": ACCOUNT, "secret": SECRET, "subscriber": SUBSCRIBER}
        config = CONFIG.format(
            **accounts,
            subscriber_secret=SUBSCRIBER_SECRET,
            address=self.address,
            domain=self.domain,
            subscriber_at=self.subscriber_at,
            modules=loads,
            wait=f"usleep({int(self.slow * 1e6)});" if self.slow else "",
        )
        (self.folder / "kamailio.cfg").write_text(config)
        words = ["-DD", "-E", "-f", f"{self.folder}/kamailio.cfg", "-m", "32", "-M", "4"]
        words += ["-Y", str(self.folder), "-w", str(self.folder), "-P", f"{self.folder}/pid"]
        command = [*prefix(self.namespace), "kamailio", *words]
        path = os.environ | {"PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin"}
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=path, start_new_session=True
            )
        wait_for(self._up, 15, f"Kamailio is up\n{self.log()}")

    def _up(self) -> bool:
        assert self.process.poll() is None, self.log()
        with inside(self.namespace):
            return options(self.address) == 200

    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    def saw(self, words: str) -> int:
        return self.log().count(words)

    def freeze(self) -> None:
        """All its processes stand still; what comes waits in its sockets."""
        os.killpg(self.process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.killpg(self.process.pid, signal.SIGCONT)

    def stop(self) -> None:
        if not hasattr(self, "process"):
            return
        self.thaw()
        os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
