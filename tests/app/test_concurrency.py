"""Several processes at once: every serial is its own, the log is whole, nobody's files are mixed."""

from handclasp.pki.audit_chain import chain_faults
from tests.ca_rig import Ca, assert_consistent

ONE_WORKER = """
import sys
from handclasp.app.issue import IssueOrder, issue
from handclasp.wiring import World
home, passphrase, worker = sys.argv[1:]
ca = World(home, passphrase_file=passphrase).ca
for number in range(10):
    issue(ca, IssueOrder(name=f"client-{worker}-{number}"))
"""


def test_four_processes_issue_ten_each(ca: Ca) -> None:
    import subprocess
    import sys

    workers = [
        subprocess.Popen([sys.executable, "-W", "error", "-c", ONE_WORKER, str(ca.home), str(ca.passphrase), str(number)])
        for number in range(4)
    ]
    assert [worker.wait(timeout=120) for worker in workers] == [0, 0, 0, 0]
    records = [record for record in ca.world.store.certificates() if record.profile == "client"]
    assert len({record.serial for record in records}) == 40
    assert {record.name for record in records} == {f"client-{worker}-{number}" for worker in range(4) for number in range(10)}
    assert chain_faults(ca.world.store.audit_events()) == ()
    assert_consistent(ca)


def test_two_processes_want_the_same_name_and_one_gets_it(ca: Ca) -> None:
    both = [ca.start("issue", "alice") for _ in range(2)]
    for process in both:
        process.communicate(timeout=60)
    assert sorted(process.returncode for process in both) == [0, 4]
    assert_consistent(ca)
