"""`thaw neon`: what can be done to the local Neon that `thaw up` runs, from a second terminal."""

import math
from typing import Annotated, Any

import typer

from dev import Trouble
from dev.neon import account, here
from dev.neon.proxy.known_faults import CONNECTION, REFUSAL, SESSION
from dev.neon.service import Answer, Service

EXAMPLES = """
Examples:

  thaw neon suspend    the database falls asleep; the next request wakes it

  thaw neon fault too_many_connections --times 3    refuses three logins

  thaw neon fault answer_lost    the next statement is done, and nobody hears

  thaw neon fault clear    all is well again

All of them need a Neon that runs: `thaw up` in another terminal.
"""

app = typer.Typer(
    no_args_is_help=True, epilog=EXAMPLES, add_completion=False, pretty_exceptions_enable=False
)
GROUPS = {"Meets a connection": CONNECTION, "Meets a login": REFUSAL, "Meets a session": SESSION}


@app.callback()
def neon() -> None:
    """Look at the local Neon, put it to sleep, wake it, and let it fail as Neon can."""


@app.command()
def status() -> None:
    """Awake or asleep, its ports and branches, and how psql connects."""
    found = here.found()
    endpoint, ports = endpoint_of(account.laptop()), laptop("GET", "/ports")
    asleep = endpoint["current_state"] != "active"
    print(f"endpoint  {endpoint['id']} is {'asleep' if asleep else 'awake'}")
    print("ports     " + ", ".join(f"{name} {port}" for name, port in ports.items()))
    print(f"API       {found.api_url}, project {found.project_id}")
    print("branches  " + ", ".join(row["name"] for row in branch_rows()))
    print(f"pooled    psql '{found.pooled}'")
    print(f"direct    psql '{found.direct}'")


@app.command()
def branches() -> None:
    """The branches: name, id, state, parent, and when they expire."""
    rows = branch_rows()
    names = {row["id"]: row["name"] for row in rows}
    for row in rows:  # in lines, which a narrow terminal wraps and never cuts
        told = [row["name"], row["id"], row["current_state"]]
        if parent := names.get(row.get("parent_id", "")):
            told.append(f"of {parent}")
        if expires := row.get("expires_at"):
            told.append(f"until {expires}")
        print("  ".join(told))


@app.command()
def suspend() -> None:
    """Put the database to sleep, as Neon does after five idle minutes."""
    order("suspend")
    print("asleep")


@app.command()
def wake() -> None:
    """Wake the database; a connection does so as well."""
    order("start")
    print("awake")


@app.command()
def faults() -> None:
    """Every fault that has a name, and those that wait for their turn."""
    known = laptop("GET", "/faults")
    rest = dict(known["faults"])
    for title, group in GROUPS.items():
        show_faults(title, {name: rest.pop(name) for name in group})
    show_faults("Happens at once", rest)
    for one in known["waiting"]:
        print(f"waiting: {one['fault']} --times {one['times'] or 0}")


Fault = Annotated[str, typer.Argument(help="One that `faults` lists, or `clear`.")]
Times = Annotated[int, typer.Option(min=0, metavar="NUMBER", help="So often; 0: until `clear`.")]
Seconds = Annotated[float | None, typer.Option(metavar="SECONDS", help="How long `slow` takes.")]
After = Annotated[
    int | None, typer.Option(min=0, metavar="MESSAGES", help="Cut a session after so many.")
]


@app.command()
def fault(name: Fault, times: Times = 1, seconds: Seconds = None, after: After = None) -> None:
    """Let something go wrong, once or --times; `clear` ends what waits.

    thaw neon fault slow --seconds 5    the next connection is answered late
    """
    if name == "clear":
        laptop("DELETE", "/faults")
        print("no fault waits any more")
        return
    if seconds is not None and not math.isfinite(seconds):
        raise Trouble("--seconds takes a number of seconds.")
    wish = {"name": name, "times": times or None, "seconds": seconds, "after": after}
    laptop("POST", "/faults", json=wish)
    print(f"{name}: " + (f"{times} to come" if times else "until `thaw neon fault clear`"))


def laptop(method: str, path: str, **more: Any) -> Answer:
    """Ask what the real Neon could not answer."""
    return account.laptop().ask(
        method, f"{here.found().api_url.removesuffix('/api/v2')}/laptop{path}", **more
    )


def branch_rows() -> list[Answer]:
    return list(account.laptop().call("GET", "/branches")["branches"])


def endpoint_of(service: Service) -> Answer:
    """The default branch's."""
    default = next(row["id"] for row in branch_rows() if row["default"])
    for endpoint in service.call("GET", "/endpoints")["endpoints"]:
        if endpoint["branch_id"] == default:
            return dict(endpoint)
    raise Trouble("The default branch has no endpoint.")


def order(action: str) -> None:
    asked = account.laptop()
    asked.change("POST", f"/endpoints/{endpoint_of(asked)['id']}/{action}")


def show_faults(title: str, explained: dict[str, str]) -> None:
    print(f"\n{title}:")
    for name, words in explained.items():
        print(f"  {name:22} {words}")
