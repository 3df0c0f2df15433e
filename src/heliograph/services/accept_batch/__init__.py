"""Accept a batch: from what a customer sent to durable messages, money and lots."""

from heliograph.services.accept_batch.batch_acceptance import (
    AcceptBatch,
    Accepted,
    Preparation,
    ReportUrlRules,
    checked,
)
from heliograph.services.accept_batch.guard_velocity import GuardVelocity

__all__ = ["AcceptBatch", "Accepted", "GuardVelocity", "Preparation", "ReportUrlRules", "checked"]
