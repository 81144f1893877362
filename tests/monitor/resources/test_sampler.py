"""The sampler stores one sample per second in memory and database, thins old samples, and works on any hardware."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from monitor.metrics.ingest.writer import Writer
from monitor.resources import repository
from monitor.resources.sampler import MachineSample, Sampler
from monitor.resources.views import resource_record
from pegbox.hardware.gpu import GpuReading
from pegbox.hardware.host import HostReader
from pegbox.settings import Settings
from pegbox.store.database import open_engine
from pegbox.store.tables import ResourceSample
from tests.stack import wait_until

GIB = 2**30
TWO_GPUS = (
    GpuReading(0, "GPU-a", "H200", 80.0, 18 * GIB, 24 * GIB, 72.0, 350.5, 700.0),
    GpuReading(1, "GPU-b", "H200", 40.0, 2 * GIB, 24 * GIB, 55.0, None, None),
)
SILENT_GPU = (GpuReading(0, "GPU-c", "Old Card", None, None, None, None, None, None),)


@pytest.fixture
def engine(db: Session, settings: Settings) -> Iterator[Engine]:
    engine = open_engine(settings)
    yield engine
    engine.dispose()


@pytest.fixture
def writer(engine: Engine) -> Iterator[Writer]:
    writer = Writer(engine, lambda batches: None)
    writer.start()
    yield writer
    writer.stop()


def rows(db: Session) -> list[ResourceSample]:
    db.rollback()
    return list(db.exec(select(ResourceSample).order_by(ResourceSample.time)))  # type: ignore[arg-type]


def test_samples_are_kept_and_announced(writer: Writer, db: Session, home: Path) -> None:
    announced: list[MachineSample] = []
    sampler = Sampler(writer, HostReader(home), 0.02, gpus=lambda: TWO_GPUS, on_sample=announced.append)
    sampler.start()
    wait_until(lambda: len(rows(db)) >= 5, what="five rows")
    sampler.stop()
    kept = rows(db)
    assert [row.time for row in kept] == [sample.time for sample in announced]
    assert [gpu["name"] for gpu in kept[0].gpus] == ["H200", "H200"]
    assert kept[0].gpus[0]["memory_used"] == 18 * GIB
    assert kept[0].memory_total > 0
    recent = sampler.recent(3)
    assert recent == list(sampler.recent(100))[-3:]
    assert sampler.recent(100, since=recent[-2].time) == recent[-1:]
    assert sampler.at(0) == sampler.recent(10_000)[0]
    assert sampler.at(recent[1].time) == recent[1]
    assert sampler.at(time.time()) == sampler.latest


def test_two_gpus_on_the_wire(home: Path) -> None:
    record = resource_record(MachineSample(HostReader(home).read(), TWO_GPUS), 7)
    assert record.iteration == 7
    assert record.gpu_available is True
    assert record.gpu_percent == 60.0
    assert record.vram_used_gb == 20.0
    assert record.vram_total_gb == 48.0
    assert record.gpu_temp == 72.0
    assert [gpu.power_watts for gpu in record.gpus] == [350.5, None]


def test_no_gpu_on_the_wire(home: Path) -> None:
    record = resource_record(MachineSample(HostReader(home).read(), ()), 0)
    assert record.gpu_available is False
    assert (record.gpu_percent, record.vram_used_gb, record.vram_total_gb) == (0.0, 0.0, 0.0)
    assert record.gpu_temp is None
    assert record.gpus == []


def test_a_gpu_that_tells_nothing(home: Path) -> None:
    record = resource_record(MachineSample(HostReader(home).read(), SILENT_GPU), 0)
    assert record.gpu_available is True
    assert (record.gpu_percent, record.vram_total_gb, record.gpu_temp) == (0.0, 0.0, None)
    assert record.gpus[0].gpu_percent is None


def test_one_failed_reading_ends_nothing(
    writer: Writer, db: Session, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    readings = iter([(), None, (), (), ()])

    def unsteady() -> tuple[GpuReading, ...]:
        reading = next(readings, ())
        if reading is None:
            raise OSError("the driver is being replaced")
        return reading

    sampler = Sampler(writer, HostReader(home), 0.02, gpus=unsteady)
    sampler.start()
    wait_until(lambda: len(rows(db)) >= 3, what="three rows")
    sampler.stop()
    assert "resource sample failed" in caplog.text


def test_old_samples_are_thinned(engine: Engine, db: Session) -> None:
    now = 2_000_000_000.0
    ages = [*range(0, 7200), *range(90_000, 90_600)]
    blank = {"cpu_percent": 0, "memory_used": 0, "memory_total": 1, "disk_used": 0, "disk_total": 1}
    with engine.begin() as connection:
        connection.execute(
            ResourceSample.__table__.insert(),  # type: ignore[attr-defined]
            [{"time": now - age, **blank, "network_in": 0, "network_out": 0, "gpus": []} for age in ages],
        )
        for _ in range(2):  # thinning again has no effect
            repository.thin(connection, now)
    kept = [now - row.time for row in rows(db)]
    assert len([age for age in kept if age <= 3600]) == 3601
    assert 359 <= len([age for age in kept if 3600 < age <= 7200]) <= 361
    assert 10 <= len([age for age in kept if age > 86_400]) <= 11
    with engine.connect() as connection:
        picked = repository.read_samples(connection, now - 3000, now, 100)
        everything = repository.read_samples(connection, now - 50, now, 100)
    assert 95 <= len(picked) <= 101
    assert len(everything) == 51
