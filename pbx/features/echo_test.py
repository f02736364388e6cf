"""Echo test: *43 answers and plays back what you say, so that one phone alone can prove its sound."""

from pbx.directory import Directory
from pbx.switch.call import Call
from pbx.switch.feature import Feature, application
from pbx.switch.route import CallInfo, Route

CODE = "*43"


class EchoTest(Feature):
    def on_route(self, directory: Directory, call: CallInfo, route: Route) -> Route | None:
        return route.run("echo_test.echo") if route.target == CODE else None

    @application
    def echo(self, call: Call, now: float) -> None:
        call.answer_alone(now, "Echo test")
