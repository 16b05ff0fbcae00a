"""All tenants and domains are trained; what fails is said, and keeps no other from its turn."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from feedsmith.bootstrap import Services
from feedsmith.errors import ConfigurationError, StoreUnavailable
from feedsmith.models import Event, Item, utcnow
from feedsmith_training import run
from feedsmith_training.log import ImpressionLog
from feedsmith_training.promotion import Promoter
from feedsmith_training.run import main, train_all
from support.callers import api_key
from support.ledger import InMemoryLedger
from support.rankers import load_ranker, ranker_file
from support.services import fake_services


class Trainer:
    """Makes the same model of everything; fails for one domain."""

    def __init__(self, fails_for: str = "") -> None:
        self.fails_for = fails_for
        self.trained: list[str] = []

    def __call__(self, log: ImpressionLog, half_lives: object, domain: Any) -> bytes:
        self.trained.append(domain.name)
        if domain.name == self.fails_for:
            raise ZeroDivisionError("ann read a")
        return ranker_file("new-1", embedder="bag@1")


@pytest.fixture
def services() -> Services:
    """Two tenants; acme has enough clicks in news and commerce, beta items but no events."""
    s = fake_services()
    for number, tenant in enumerate(("acme", "beta")):
        s.ledger.save_key(api_key("abcdefgh"[number], tenant))
        for domain in ("news", "commerce"):
            s.content.index(tenant, [Item(id=f"{domain}-{n}", domain=domain, title=f"title {n}") for n in range(4)])
    start = utcnow() - timedelta(days=1)
    for slate in range(300):
        for domain in ("news", "commerce"):
            at = start + timedelta(minutes=slate)
            for place, item in enumerate((slate % 4, (slate + 1) % 4)):
                told: dict[str, Any] = {"item_id": f"{domain}-{item}", "at": at, "slate_id": f"{domain}-{slate}"}
                user = f"p{slate % 20}"
                s.ledger.append("acme", user, Event(user_id="x", type="impression", position=place, **told))
                if place == 0:
                    s.ledger.append("acme", user, Event(user_id="x", type="click", **told))
    return s


def promoter(s: Services, trainer: Trainer) -> Promoter:
    return Promoter(s.models, train=trainer, load=load_ranker)


def test_every_domain_with_items_gets_its_report(services: Services) -> None:
    trainer = Trainer()

    outcome = train_all(services, promoter(services, trainer))

    assert not outcome.failures
    said = {(report.tenant, report.domain): report.slates for report in outcome.reports}
    assert said == {("acme", "news"): 300, ("acme", "commerce"): 300, ("beta", "news"): 0, ("beta", "commerce"): 0}
    assert sorted(trainer.trained) == ["commerce", "news"]


def test_one_may_be_chosen(services: Services) -> None:
    outcome = train_all(services, promoter(services, Trainer()), tenant="acme", domain="news")

    assert [(report.tenant, report.domain) for report in outcome.reports] == [("acme", "news")]
    assert not train_all(services, promoter(services, Trainer()), tenant="acme", domain="travel").reports
    (error,) = train_all(services, promoter(services, Trainer()), domain="typo", tenant="acme").failures
    assert "no domain 'typo'" in str(error)


def test_a_failure_keeps_no_other_from_its_turn(services: Services, caplog: pytest.LogCaptureFixture) -> None:
    outcome = train_all(services, promoter(services, Trainer(fails_for="commerce")))

    assert [type(error) for error in outcome.failures] == [ZeroDivisionError]
    assert len(outcome.reports) == 3
    (record,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert (record.__dict__["domain"], record.__dict__["reason"]) == ("commerce", "ZeroDivisionError")
    assert "ann" not in caplog.text


def test_a_tenant_that_cannot_be_read_keeps_no_other_from_its_turn(services: Services) -> None:
    ledger = services.ledger
    assert isinstance(ledger, InMemoryLedger)
    events = ledger.events

    def broken(tenant: str) -> Iterator[tuple[str, Event]]:
        if tenant == "beta":
            raise StoreUnavailable("throttled")
        return events(tenant)

    ledger.events = broken  # type: ignore[method-assign]  # one tenant alone cannot be read

    outcome = train_all(services, promoter(services, Trainer()))

    assert [report.tenant for report in outcome.reports] == ["acme", "acme"]
    assert len(outcome.failures) == 1


def test_what_there_was_no_time_for_is_said(services: Services) -> None:
    left = iter([900.0, 299.0])

    outcome = train_all(services, promoter(services, Trainer()), time_left=lambda: next(left))

    assert len({report.tenant for report in outcome.reports}) == 1
    (error,) = outcome.failures
    assert isinstance(error, ConfigurationError)
    assert "no time was left to train 1 of 2 tenants" in str(error)


def test_each_day_begins_with_another_tenant(monkeypatch: pytest.MonkeyPatch) -> None:
    today = utcnow()
    firsts = set()
    for day in range(3):
        monkeypatch.setattr(run, "utcnow", lambda day=day: today + timedelta(days=day))
        order = run._in_turn(["a", "b", "c"])
        assert sorted(order) == ["a", "b", "c"]
        firsts.add(order[0])
    assert firsts == {"a", "b", "c"}
    assert run._in_turn([]) == []


def test_the_command_prints_a_line_each(
    services: Services, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run, "services", lambda: services)

    assert main(["--tenant", "beta", "--domain", "news"]) == 0
    assert "beta/news: kept linear-" in capsys.readouterr().out
    assert main(["--tenant", "acme", "--domain", "typo"]) == 1
    assert "failed: no domain 'typo'" in capsys.readouterr().out
    assert main(["--tenant", "nobody"]) == 0
    assert "nothing to train" in capsys.readouterr().out
