"""The commands of infra/dev.py. Exit codes: 0 done, 1 a check failed, 2 wrong use."""

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from shared.errors import PermanentError, RetryableError

if TYPE_CHECKING:
    from infra.deploy.project import Deployment

ROOT = Path(__file__).resolve().parents[1]
DEFAULT_URL = "http://127.0.0.1:8080"

Command = Callable[[argparse.Namespace], int]

DECISIONS = {
    "quarantine": "let a person's events count nowhere, those of the past included",
    "release": "let them count again, those of the past and of the quarantine included",
    "purge": "quarantine a person for good",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; what a person did wrong is one line, not a traceback."""
    options = parser().parse_args(arguments)
    command: Command = options.command
    try:
        return command(options)
    except (PermanentError, RetryableError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2 if isinstance(error, PermanentError) else 1
    except KeyboardInterrupt:
        return 130


def parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    top = argparse.ArgumentParser(prog="infra/dev.py", description="Attune's command line.")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    demo = _add(commands, "demo", run_demo, "replay events through a fresh stack, train, and show what came out")
    demo.add_argument(
        "--input",
        default="movielens",
        help="rees46:PATH, movielens, simulate[:users=…,days=…,seed=…,bots=…] or csv:PATH",
    )
    _stack_options(demo)
    demo.add_argument("--keep", action="store_true", help="leave the stack serving afterwards, until Ctrl-C")
    demo.add_argument("--json", metavar="FILE", help="write the figures as JSON as well")
    serve = _add(commands, "serve", run_serve, "keep a stack up: every route of every function at one address")
    _stack_options(serve)
    train = _add(commands, "train", run_train, "retrain all models, or those named, on a stack that serves")
    train.add_argument("models", nargs="*", metavar="MODEL", help="personas, neighbours, popularity, conversion, churn")
    train.add_argument("--url", default=DEFAULT_URL, help="where the stack serves (default: %(default)s)")
    train.add_argument("--force", action="store_true", help="make them live whatever the gate says")
    train.add_argument(
        "--engine",
        choices=["implicit", "spark", "dataproc"],
        help="who fits ALS: implicit in retrain's process, Spark here, or Dataproc Serverless (default: the stack's "
        "setting ATTUNE_ENGINE, which finds what Spark has left)",
    )
    train.add_argument("--als", metavar="OPTIONS", default="", help="spark, dataproc: for infra/spark/als.py")
    train.add_argument("--region", help="dataproc: where to run (default: gcloud's)")
    models = _add(commands, "models", run_models, "the versions of the models, on a stack that serves")
    models.add_argument("action", choices=["list", "show", "promote", "rollback"])
    models.add_argument("model", nargs="?", metavar="MODEL", help="NAME@VERSION; show, rollback: also NAME")
    models.add_argument("--picture", metavar="FILE", help="show: write the card's picture there, as SVG")
    _operator_options(models)
    rules = _add(commands, "rules", run_rules, "what marketers decide about what is shown, on a stack that serves")
    rules.add_argument("action", choices=["show", "check", "preview", "apply"])
    rules.add_argument("file", nargs="?", metavar="FILE", help="the rules, as YAML")
    rules.add_argument("--user", action="append", default=[], metavar="ID", help="preview: who; may be repeated")
    _operator_options(rules)
    paths = _add(commands, "paths", run_paths, "where visits go and what ends in conversion, on a stack that serves")
    paths.add_argument(
        "--over", choices=["pages", "categories", "kinds"], default="pages", help="of what (default: %(default)s)"
    )
    paths.add_argument("--from", dest="state", metavar="NAME", help="what comes after this one (default: all visits)")
    paths.add_argument("--previous", metavar="NAME", help="of those who had come to it from this one")
    paths.add_argument("--limit", type=int, default=20, help="rows of each table (default: %(default)s)")
    paths.add_argument("--svg", metavar="FILE", help="write the Sankey picture there")
    _operator_options(paths)
    sweep = _add(commands, "sweep", run_sweep, "announce the personas that changed by silence, on a stack that serves")
    sweep.add_argument("--url", default=DEFAULT_URL, help="where the stack serves (default: %(default)s)")
    export = _add(
        commands, "export", run_export, "everything held about a person, as JSON lines, on a stack that serves"
    )
    _person_options(export)
    export.add_argument("--out", metavar="FILE", help="write it there instead of to standard output")
    erase = _add(commands, "erase", run_erase, "forget a person, on a stack that serves")
    _person_options(erase)
    erase.add_argument(
        "--mode",
        choices=["delete", "suppress"],
        default="delete",
        help="delete: who comes back is somebody new; suppress: nothing of them counts again (default: %(default)s)",
    )
    erase.add_argument("--yes", action="store_true", help="do not ask whether it is meant")
    verify = _add(commands, "verify-erasures", run_verify_erasures, "prove that who was erased is gone, and report it")
    _operator_options(verify)
    verify.add_argument("--days", type=int, default=90, help="erasures of so many days (default: %(default)s)")
    profile = _add(commands, "profile", run_profile, "show a person's profile, on a stack that serves")
    _person_options(profile)
    profile.add_argument("--explain", action="store_true", help="and which events moved its numbers")
    profile.add_argument("--about", metavar="NAME", help="explain only this item, category, … or kind of number")
    profile.add_argument("-n", type=int, default=20, help="events to explain, the newest (default: %(default)s)")
    rebuild = _add(commands, "rebuild", run_rebuild, "fold profiles again from the log and swap them in")
    _person_options(rebuild, required=False)
    rebuild.add_argument("--force", action="store_true", help="even if the log lacks events that a profile counts")
    unmerge = _add(commands, "unmerge", run_unmerge, "take a user's claim on a device back, for good")
    unmerge.add_argument("--user", metavar="ID", required=True, help="the known person")
    unmerge.add_argument("--device", metavar="ID", required=True, help="the anonymous id that is not theirs")
    _operator_options(unmerge)
    for name, text in DECISIONS.items():
        decide = _add(commands, name, run_decide, text)
        decide.set_defaults(action=name)
        _person_options(decide)
        decide.add_argument("--why", required=True, help="kept with the profile")
    replay = _add(commands, "replay", run_replay, "put dead letters back onto the topics they came from")
    _stack_options(replay, port=False)
    replay.add_argument("--function", metavar="NAME", help="only the letters of this function")
    replay.add_argument("--dry-run", action="store_true", help="show them and leave them where they are")
    stage = _add(commands, "stage", run_stage, "build build/<function>/: what a deployment uploads")
    stage.add_argument("--into", default=str(ROOT / "build"), help="another folder")
    stage.add_argument(
        "--fallback", metavar="URL", help="ask recommend there what its image shall show while no store can be reached"
    )
    smoke = _add(commands, "smoke", run_smoke, "send one event and wait until the recommendation shows it")
    smoke.add_argument("--url", default=DEFAULT_URL, help="where collect serves (default: %(default)s)")
    smoke.add_argument("--recommend-url", metavar="URL", help="where recommend serves, if not there, too")
    smoke.add_argument("--write-key", metavar="KEY", help="a sender's key (default: the first of ATTUNE_WRITE_KEYS)")
    smoke.add_argument("--key", help="a server's key (default: the first of ATTUNE_API_KEYS)")
    smoke.add_argument(
        "--identity-token", metavar="TOKEN", help="where only some may call: gcloud auth print-identity-token"
    )
    smoke.add_argument("--within", type=float, default=60.0, metavar="SECONDS", help="(default: %(default)g)")
    plan = _add(commands, "plan", run_plan, "what Terraform would make, without an account: by kind")
    _environment_option(plan)
    _project_options(plan, required=False)
    deploy = _add(commands, "deploy", run_deploy, "bring a Google Cloud project to what this folder says")
    destroy = _add(commands, "destroy", run_destroy, "take away what runs in a project; the data only if told so")
    for command in (deploy, destroy):
        _project_options(command)
        _environment_option(command)
        command.add_argument("--yes", action="store_true", help="do not ask whether it is meant")
    destroy.add_argument("--drop-data", action="store_true", help="delete profiles, log, models and keys as well")
    iam = _add(commands, "iam", run_iam, "who may do what, by what Terraform would make")
    _environment_option(iam)
    rollout = _add(commands, "rollout", run_rollout, "try new images on Cloud Run, give them the traffic, or roll back")
    rollout.add_argument("images", metavar="FILE", help="what infra/deploy/images.sh has written")
    _project_options(rollout)
    rollout.add_argument("--tag", required=True, metavar="NAME", help="by which the new revisions are asked meanwhile")
    rollout.add_argument(
        "--within", type=float, default=60.0, metavar="SECONDS", help="smoke test (default: %(default)g)"
    )
    scan = _add(
        commands, "scan", run_scan, "what Artifact Analysis knows of pushed images, and their bills of materials"
    )
    scan.add_argument("images", metavar="FILE", help="what infra/deploy/images.sh has written")
    _project_options(scan)
    scan.add_argument("--within", type=float, default=900.0, metavar="SECONDS", help="(default: %(default)g)")
    lock = _add(commands, "lock", run_lock, "write the images' requirements.lock anew from their requirements.txt")
    lock.add_argument("--upgrade", action="store_true", help="take the newest versions, not those of the old locks")
    _add(commands, "audit", run_audit, "ask osv.dev for known vulnerabilities of what the images install")
    licences = _add(commands, "licences", run_licences, "the licence of everything that the images install")
    licences.add_argument("--write", action="store_true", help="write infra/deploy/LICENCES.md instead of printing it")
    bench = _add(commands, "bench", run_bench, "measure, side by side with floors and with the usual way")
    bench.add_argument("names", nargs="*", metavar="NAME", help="which benchmarks (default: all)")
    bench.add_argument("--seconds", type=float, default=3.0, help="length of one measurement (default: %(default)s)")
    bench.add_argument(
        "--repeats", type=int, default=3, help="measurements of each cell; the median counts (default: %(default)s)"
    )
    bench.add_argument(
        "--deliveries", type=int, default=1_000_000, help="how many exactly-once makes (default: %(default)s)"
    )
    bench.add_argument("--json", metavar="FILE", help="write the figures as JSON as well")
    evaluate = _add(commands, "evaluate", run_evaluate, "judge the models on held-out, later events")
    evaluate.add_argument("what", choices=["ranking", "propensity", "paths"])
    evaluate.add_argument("--input", default="movielens", help="ranking, paths: as for demo")
    evaluate.add_argument(
        "--split",
        default="sessions:0.8",
        help="ranking, paths: what is trained on: sessions:SHARE, days:N, ranking: leave-last (default: %(default)s)",
    )
    evaluate.add_argument(
        "--repeats",
        choices=["keep", "collapse"],
        default="collapse",
        help="ranking: whether an item met again at once is to be predicted again (default: %(default)s)",
    )
    evaluate.add_argument(
        "--novel", action="store_true", help="ranking: judge by next items alone that are new to the person"
    )
    evaluate.add_argument("--table", metavar="CSV", help="propensity: a line of names, then one for each person")
    evaluate.add_argument("--label", metavar="COLUMN", help="propensity: the column to predict")
    evaluate.add_argument(
        "--positive", metavar="VALUE", help="propensity: its value of those who did (default: yes, 1)"
    )
    evaluate.add_argument("--svg", "--picture", metavar="FILE", help="draw the figures, as SVG")
    parts = evaluate.add_mutually_exclusive_group()
    parts.add_argument(
        "--folds",
        type=int,
        metavar="N",
        help="ranking: slices of time that are predicted, each by models of everything before it "
        "(default: 1); propensity: parts, each judged by a model of the others (default: 10)",
    )
    parts.add_argument("--test-share", type=float, metavar="SHARE", help="propensity: judge so many, drawn by chance")
    parts.add_argument("--test-where", metavar="COLUMN=VALUE", help="propensity: judge these, as those of a later time")
    evaluate.add_argument("--json", metavar="FILE", help="write the figures as JSON as well")
    _add(commands, "test", run_test, "run every test").add_argument("arguments", nargs="*", help="passed on to pytest")
    _add(commands, "check", run_check, "formatting, linting, types")
    return top


def _add(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, command: Command, text: str
) -> argparse.ArgumentParser:
    sub = commands.add_parser(name, help=text, description=text)
    sub.set_defaults(command=command)
    return sub


def _stack_options(sub: argparse.ArgumentParser, port: bool = True) -> None:
    sub.add_argument("--stack", choices=["embedded", "emulators"], default="embedded", help="(default: %(default)s)")
    sub.add_argument("--data", metavar="DIR", help="folder of the stack's state (demo: a fresh one; serve: .attune)")
    if port:
        sub.add_argument("--port", type=int, help="(demo: a free one; serve: 8080)")


def _environment_option(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "--environment",
        default="staging",
        metavar="NAME",
        help="of infra/terraform/environments/ (default: %(default)s)",
    )


def _project_options(sub: argparse.ArgumentParser, required: bool = True) -> None:
    needed = "" if required else "; with both, what Terraform would change there"
    sub.add_argument("--project", required=required, metavar="ID", help=f"Google Cloud project{needed}")
    sub.add_argument("--region", required=required, metavar="NAME", help="as europe-west1")


def _operator_options(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--url", default=DEFAULT_URL, help="where the stack serves (default: %(default)s)")
    sub.add_argument("--key", help="an operator's key (default: the first of ATTUNE_OPERATOR_KEYS)")


def _person_options(sub: argparse.ArgumentParser, required: bool = True) -> None:
    who = sub.add_mutually_exclusive_group(required=required)
    who.add_argument("--user", metavar="ID", help="a known person")
    who.add_argument("--device", metavar="ID", help="an anonymous id")
    _operator_options(sub)


def run_demo(options: argparse.Namespace) -> int:
    from infra.local.demo import demo

    return demo(options.input, options.stack, options.data, options.port, options.keep, options.json)


def run_serve(options: argparse.Namespace) -> int:
    from infra.local.serve import serve

    return serve(options.stack, options.data or ".attune", 8080 if options.port is None else options.port)


def run_train(options: argparse.Namespace) -> int:
    if options.engine in ("spark", "dataproc"):
        from infra.spark.train import dataproc, here, train_on_spark

        job = here if options.engine == "spark" else dataproc(options.region)
        return train_on_spark(options.url, options.models, options.force, job, options.als)
    from infra.local.schedules import train

    return train(options.url, options.models, options.force, {"engine": options.engine} if options.engine else {})


def run_models(options: argparse.Namespace) -> int:
    from infra.local.models import run

    return run(options.url, options.key, options.action, options.model, options.picture)


def run_rules(options: argparse.Namespace) -> int:
    from infra.local.rules import run

    return run(options.url, options.key, options.action, options.file, options.user)


def run_paths(options: argparse.Namespace) -> int:
    from infra.local.paths import show

    given = {"over": options.over, "from": options.state, "previous": options.previous, "limit": options.limit}
    return show(options.url, options.key, {k: v for k, v in given.items() if v is not None}, options.svg)


def run_sweep(options: argparse.Namespace) -> int:
    from infra.local.schedules import sweep

    return sweep(options.url)


def run_export(options: argparse.Namespace) -> int:
    from infra.local.privacy import export

    return export(options.url, options.key, options.user, options.device, options.out)


def run_erase(options: argparse.Namespace) -> int:
    from infra.local.privacy import erase

    return erase(options.url, options.key, options.user, options.device, options.mode, options.yes)


def run_verify_erasures(options: argparse.Namespace) -> int:
    from infra.local.privacy import verify_erasures

    return verify_erasures(options.url, options.key, options.days)


def run_profile(options: argparse.Namespace) -> int:
    from infra.local.profiles import show

    return show(options.url, options.key, options.user, options.device, options.explain, options.about, options.n)


def run_rebuild(options: argparse.Namespace) -> int:
    from infra.local.profiles import rebuild

    return rebuild(options.url, options.key, options.user, options.device, options.force)


def run_unmerge(options: argparse.Namespace) -> int:
    from infra.local.profiles import unmerge

    return unmerge(options.url, options.key, options.user, options.device)


def run_decide(options: argparse.Namespace) -> int:
    from infra.local.profiles import decide

    return decide(options.url, options.key, options.action, options.user, options.device, options.why)


def run_replay(options: argparse.Namespace) -> int:
    from infra.local.dead_letters import replay

    return replay(options.stack, options.data or ".attune", options.function, options.dry_run)


def run_stage(options: argparse.Namespace) -> int:
    from infra.local.stage import stage_all

    return stage_all(Path(options.into), options.fallback)


def run_smoke(options: argparse.Namespace) -> int:
    from infra.deploy.smoke import Door, smoke

    collect = Door(options.url, options.write_key, options.identity_token)
    recommend = Door(options.recommend_url or options.url, options.key, options.identity_token)
    return smoke(collect, recommend, options.within)


def run_plan(options: argparse.Namespace) -> int:
    if options.project or options.region:
        if not (options.project and options.region):
            raise PermanentError("plan needs both or neither of --project and --region")
        return _deployment(options).plan()
    from infra.local.terraform.show import show_plan

    return show_plan(options.environment)


def run_deploy(options: argparse.Namespace) -> int:
    return _deployment(options).deploy(ask=not options.yes)


def run_destroy(options: argparse.Namespace) -> int:
    return _deployment(options).destroy(options.drop_data, ask=not options.yes)


def _deployment(options: argparse.Namespace) -> "Deployment":
    from infra.deploy.gcloud import Gcloud
    from infra.deploy.project import Deployment
    from infra.deploy.terraform import Terraform

    gcloud = Gcloud(options.project, options.region)
    return Deployment(gcloud, Terraform(gcloud, options.environment))


def run_iam(options: argparse.Namespace) -> int:
    from infra.local.terraform.show import show_access

    return show_access(options.environment)


def run_rollout(options: argparse.Namespace) -> int:
    from infra.deploy.gcloud import Gcloud
    from infra.deploy.release import Release, read_images

    images = read_images(Path(options.images))
    return Release(Gcloud(options.project, options.region), options.tag, options.within).run(images)


def run_scan(options: argparse.Namespace) -> int:
    from infra.deploy.gcloud import Gcloud
    from infra.deploy.release import read_images
    from infra.deploy.scan import scan

    return scan(read_images(Path(options.images)), Gcloud(options.project, options.region), options.within)


def run_lock(options: argparse.Namespace) -> int:
    from infra.deploy.locks import renew

    return renew(options.upgrade)


def run_audit(_: argparse.Namespace) -> int:
    from infra.deploy import audit

    return audit.report(audit.audit(), is_required=True)


def run_licences(options: argparse.Namespace) -> int:
    from infra.deploy.licences import show

    return show(options.write)


def run_bench(options: argparse.Namespace) -> int:
    from infra.bench.run import bench

    return bench(options.names, options.seconds, options.repeats, options.deliveries, options.json)


def run_evaluate(options: argparse.Namespace) -> int:
    from infra.evaluation.fit import find_training

    find_training()
    if options.what == "propensity":
        return run_evaluate_propensity(options)
    if options.what == "paths":
        from infra.evaluation.paths import evaluate_paths

        return evaluate_paths(options.input, options.split, options.json, options.svg)
    from infra.evaluation.ranking import evaluate_ranking

    folds = 1 if options.folds is None else options.folds
    return evaluate_ranking(
        options.input, options.split, options.json, options.repeats, options.novel, folds, options.svg
    )


def run_evaluate_propensity(options: argparse.Namespace) -> int:
    from infra.evaluation.propensity import evaluate_propensity

    split = options.folds, options.test_share, options.test_where
    return evaluate_propensity(options.table, options.label, options.positive, *split, options.json, options.svg)


def run_test(options: argparse.Namespace) -> int:
    # Many tests wait, for faults to end and for Google's emulators: two processes are more than twice as fast.
    return _run("-m", "pytest", "--numprocesses=auto", "--dist=worksteal", *options.arguments)


def run_check(_: argparse.Namespace) -> int:
    alone = [
        ("-m", "mypy", f"functions/{name}/main.py") for name in ("collect", "privacy", "profiles", "pull", "retrain")
    ]
    checks = [("-m", "ruff", "format", "--check", "."), ("-m", "ruff", "check", "."), ("-m", "mypy"), *alone]
    codes = [_run(*check) for check in checks]  # all of them, so that one run tells everything
    from infra.deploy import audit

    return int(any([*codes, audit.report(audit.audit(), is_required=False)]))


def _run(*arguments: str) -> int:
    return int(subprocess.run([sys.executable, *arguments], cwd=ROOT).returncode != 0)


if __name__ == "__main__":
    os.environ.setdefault("ATTUNE_LOG", "text")  # people read what a command prints
    sys.exit(main())
