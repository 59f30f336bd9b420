"""Counts and durations, as Prometheus reads them."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from jmlr_cli.serving.worker import Worker

SECONDS = (0.1, 0.3, 1, 3, 10, 30, 100, 300)


class Metrics:
    """What the server counts. No question, no passage and no address is in it."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.requests = Counter(
            "jmlr_requests", "Requests answered, by path and status.", ("path", "status"), registry=self.registry
        )
        self._waited = Histogram(
            "jmlr_queue_seconds", "Seconds that a job waited for the models.", buckets=SECONDS, registry=self.registry
        )
        self._took = Histogram(
            "jmlr_model_seconds", "Seconds that a job kept the models.", buckets=SECONDS, registry=self.registry
        )

    def timing(self, waited: float, took: float) -> None:
        """Count a job that the worker has done."""
        self._waited.observe(waited)
        self._took.observe(took)

    def watch(self, worker: Worker) -> None:
        """Show how full a worker's queue is."""
        waiting = Gauge("jmlr_queue_waiting", "Jobs that wait for the models.", registry=self.registry)
        waiting.set_function(lambda: worker.waiting)
        busy = Gauge("jmlr_models_busy", "1 while the models work.", registry=self.registry)
        busy.set_function(lambda: float(worker.busy))

    def text(self) -> bytes:
        """All of it, in Prometheus's text format."""
        return generate_latest(self.registry)
