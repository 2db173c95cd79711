"""Services act at the endpoint as far as policies let them, where IAM is enforced.

The engine asks policies for callers, for functions and for devices. What a service does by itself
it does unasked: it reads no condition of a role's trust policy, and several resource-based
policies not at all. Here these are asked, with the context keys that AWS documents:

- AWS Lambda takes a function's role only if its trust policy lets it, for that function. Otherwise
  the invocation fails, as it does at AWS.
- AWS IoT takes a provisioning role only if its trust policy lets it, for the template.
- A topic rule invokes a function only if the function's policy lets the rule, and writes to a queue
  only as its role, which it must be let take, and in the Region that the queue's URL names where it
  names one. What it may not do has failed, and the rule's error action is told.
- CloudWatch Logs accepts a subscription only if the function's policy lets the log group.
- AWS Lambda writes to a dead-letter queue only as the function's role.
- CloudWatch tells a topic of an alarm only if the topic's policy lets the alarm.

aws:SourceArn is what AWS documents for Lambda (the function), for topic rules' functions (the
rule), for CloudWatch Logs (the log group) and for alarms. For roles that AWS IoT takes, AWS says no
more than that it begins with the account and the Region: here it is the template, and the rule.

It runs in the engine's own environment and imports nothing of the project.
"""

import contextlib
import contextvars
import re
from collections.abc import Callable, Iterator
from typing import Any

ALARMS, FUNCTIONS, IOT, LOGS = (
    f"{name}.amazonaws.com" for name in ("cloudwatch", "lambda", "iot", "logs")
)
_QUEUE_URL = re.compile(r"https://sqs\.([a-z0-9-]+)\.amazonaws\.com/")
# Of a role that AWS IoT is about to take: what for.
_SOURCE: contextvars.ContextVar[str | None] = contextvars.ContextVar("source", default=None)


class Authority:
    """Asks policies on behalf of services.

    Args:
        engine: Finds the engine's modules.
    """

    def __init__(self, engine: Callable[[str], Any]) -> None:
        self._iam = engine("services.iam")
        self._functions = engine("services.lambda_svc")
        self._evaluator = engine("core.iam_evaluator")
        self._scope = engine("core.responses")
        self._app = engine

    @property
    def enforced(self) -> bool:
        """Whether policies are asked at all."""
        return bool(self._app("app").AUTH)

    def takes(self, service: str, role_arn: str, source_arn: str) -> bool:
        """Whether the trust policy of a role lets a service take it for a resource."""
        role = self._iam._roles.get(role_arn.rpartition("/")[2]) or {}
        document = role.get("AssumeRolePolicyDocument")
        return self._allows(document, service, "sts:AssumeRole", role_arn, source_arn)

    def may_invoke(self, service: str, function_arn: str, source_arn: str) -> bool:
        """Whether a function's policy lets a service invoke it for a resource."""
        function = self._functions._get_base_func_record_for_ref(function_arn)[0] or {}
        action = "lambda:InvokeFunction"
        return self._allows(function.get("policy"), service, action, function_arn, source_arn)

    def role_may(self, role_arn: str, action: str, resource_arn: str) -> bool:
        """Whether a role's own policies allow this."""
        evaluator, account = self._evaluator, self._scope.get_account_id()
        name = role_arn.rpartition("/")[2]
        context = evaluator.EvalContext(
            principal_arn=f"arn:aws:sts::{account}:assumed-role/{name}/service",
            principal_type="AssumedRole",
            principal_account=account,
            action=action,
            resource_arn=resource_arn,
            region=self._scope.get_region(),
        )
        policies = evaluator._gather_role_policies(name, account)
        limits = evaluator._permissions_boundary(self._iam._roles, name, account)
        return evaluator.evaluate(context, policies, *limits).decision == "Allow"

    @contextlib.contextmanager
    def by_tls(self) -> Iterator[None]:
        """Services speak to each other by TLS, whatever the request came by that they act on."""
        origin = self._evaluator._request_origin
        token = origin.set((origin.get()[0], True))
        try:
            yield
        finally:
            origin.reset(token)

    def _allows(
        self, document: Any, service: str, action: str, resource_arn: str, source_arn: str
    ) -> bool:
        context = self._evaluator.EvalContext(
            principal_arn="*",
            principal_type="Service",
            principal_account="",
            action=action,
            resource_arn=resource_arn,
            region=self._scope.get_region(),
            service_context={
                "aws:sourcearn": source_arn,
                "aws:sourceaccount": self._scope.get_account_id(),
            },
        )
        answer = self._evaluator.evaluate_resource_policy(document, context, service)
        return answer.decision == "Allow"


def mend(engine: Callable[[str], Any]) -> Authority:
    """Do all of the above to the engine, and return what asks.

    Args:
        engine: Finds the engine's modules.
    """
    authority = Authority(engine)
    functions, iot = engine("services.lambda_svc"), engine("services.iot")
    _take_roles_of_functions(functions, authority)
    _write_dead_letters_as_the_role(functions, authority)
    _take_provisioning_roles(iot, authority)
    _act_for_topic_rules(iot, authority)
    _accept_subscriptions(engine("services.cloudwatch_logs"), authority)
    _tell_topics(engine("services.cloudwatch"), engine("services.sns"), authority)
    return authority


def _take_roles_of_functions(functions: Any, authority: Authority) -> None:
    execute = functions._execute_function_dispatch

    def execute_as_its_role(func, config, *rest):
        arn = ":".join(config["FunctionArn"].split(":")[:7])
        if not authority.enforced or authority.takes(FUNCTIONS, config["Role"], arn):
            return execute(func, config, *rest)
        error = {
            "errorType": "AccessDeniedException",
            "errorMessage": "The role defined for the function cannot be assumed by Lambda.",
        }
        return {"body": error, "error": True, "function_error": "Unhandled", "log": ""}

    functions._execute_function_dispatch = execute_as_its_role


def _write_dead_letters_as_the_role(functions: Any, authority: Authority) -> None:
    route = functions._route_async_failure

    def route_as_its_role(target_arn, name, *rest):
        role = functions._functions[name]["config"]["Role"]
        if not authority.enforced or authority.role_may(role, "sqs:SendMessage", target_arn):
            route(target_arn, name, *rest)
        else:
            print(f"Lost: the role of {name} may not write to {target_arn}", flush=True)

    functions._route_async_failure = route_as_its_role
    report = functions._send_ddb_stream_failure_record

    def report_as_its_role(mapping, function, *rest):
        role = (function.get("config") or function)["Role"]
        target = mapping.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination") or ""
        if not authority.enforced or authority.role_may(role, "sqs:SendMessage", target):
            report(mapping, function, *rest)
        else:
            print(f"Lost: {role} may not write to {target}", flush=True)

    functions._send_ddb_stream_failure_record = report_as_its_role


def _take_provisioning_roles(iot: Any, authority: Authority) -> None:
    usable, register = iot._iot_role_usable, iot._fleet_register_thing

    def usable_for_its_source(role_arn):
        source = _SOURCE.get()
        if not usable(role_arn):
            return False
        return not authority.enforced or not source or authority.takes(IOT, role_arn, source)

    async def register_for_its_template(account, region, template_name, *rest):
        source = f"arn:aws:iot:{region}:{account}:provisioningtemplate/{template_name}"
        token = _SOURCE.set(source)
        try:
            return await register(account, region, template_name, *rest)
        finally:
            _SOURCE.reset(token)

    iot._iot_role_usable = usable_for_its_source
    iot._fleet_register_thing = register_for_its_template


def _act_for_topic_rules(iot: Any, authority: Authority) -> None:
    act = iot._dispatch_rule_action

    def acts_in(region, action):
        named = _QUEUE_URL.match(action.get("sqs", {}).get("queueUrl", ""))
        return named[1] if named else region

    def refused(account, region, rule_name, action):
        rule_arn = f"arn:aws:iot:{region}:{account}:rule/{rule_name}"
        if function_arn := action.get("lambda", {}).get("functionArn"):
            return not authority.may_invoke(IOT, function_arn, rule_arn)
        if queue := action.get("sqs"):
            owner, name = queue["queueUrl"].rstrip("/").rsplit("/", 2)[1:]
            queue_arn = f"arn:aws:sqs:{acts_in(region, action)}:{owner}:{name}"
            taken = authority.takes(IOT, queue["roleArn"], rule_arn)
            return not (
                taken and authority.role_may(queue["roleArn"], "sqs:SendMessage", queue_arn)
            )
        return False

    async def act_if_let(account, region, rule_name, action, event):
        with authority._scope.request_scope(account, region):
            denied = authority.enforced and refused(account, region, rule_name, action)
        if denied:
            raise PermissionError(f"{rule_name} may not do its action")
        await act(account, acts_in(region, action), rule_name, action, event)

    iot._dispatch_rule_action = act_if_let


def _accept_subscriptions(logs: Any, authority: Authority) -> None:
    put = logs._put_subscription_filter

    def put_if_let(data):
        group, target = data.get("logGroupName"), data.get("destinationArn", "")
        account, region = authority._scope.get_account_id(), authority._scope.get_region()
        source = f"arn:aws:logs:{region}:{account}:log-group:{group}:*"
        to_function = authority.enforced and ":function:" in target
        if to_function and not authority.may_invoke(LOGS, target, source):
            return authority._scope.error_response_json(
                "InvalidParameterException",
                "Could not execute the lambda function. Make sure you have given CloudWatch Logs "
                "permission to execute your function.",
                400,
            )
        return put(data)

    logs._put_subscription_filter = put_if_let


def _tell_topics(metrics: Any, topics: Any, authority: Authority) -> None:
    dispatch = metrics._dispatch_alarm_actions

    def dispatch_if_let(alarm, *rest):
        account = authority._scope.get_account_id()

        def let(action):
            return not metrics._is_sns_action_arn(action) or topics.topic_policy_allows(
                action, ALARMS, alarm["AlarmArn"], account
            )

        with authority.by_tls():
            actions = {
                name: [action for action in alarm.get(name) or [] if let(action)]
                for name in ("AlarmActions", "OKActions", "InsufficientDataActions")
            }
        dispatch({**alarm, **actions}, *rest)

    metrics._dispatch_alarm_actions = dispatch_if_let
