"""Programs in the agent's place, for `HostSandbox`; argv: the door's folder, a folder of their own."""

PRELUDE = """
import sys, pathlib, time
from agent.contract import BestEvent, EndEvent, StartEvent
from agent.gateway import SocketGateway
door, folder = map(pathlib.Path, sys.argv[1:])
gateway = SocketGateway(door / "gateway.sock")
"""
ENDS = PRELUDE + "gateway.report(EndEvent('{reason}', 'told so', None))"
CRASHES = PRELUDE + "gateway.report(StartEvent('3', {})); raise SystemExit(9)"
LIES = PRELUDE + "gateway.report(EndEvent('steps', 'all is well', None)); raise SystemExit(1)"
WAITS_FOR_STOP = (
    PRELUDE
    + """
while not gateway.status().stop:
    time.sleep(0.02)
gateway.report(EndEvent('stopped', 'asked to', None))
"""
)
NEVER_ENDS = PRELUDE + "time.sleep(600)"
