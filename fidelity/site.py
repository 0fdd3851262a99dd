"""What server and clients both know before a run: model, task, shards and jobs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from configurator import Fixed
from learner.assets.sources import check_model, model_dir
from learner.encoder.architecture import Architecture
from learner.encoder.weight_shapes import Shapes
from learner.graph.recipes import Aggregate, Initial
from learner.plan import Shares, Tiers
from learner.spec import Evaluation, LocalJob, Shard, StateRef, TuningConfig, Update
from learner.state import State
from learner.training.device import own_device
from learner.training.packed import pack, unpack
from learner.training.server_rules import ServerStep
from learner.training.state_bytes import to_bytes
from learner.training.torch_learner import TorchLearner
from learner.tuning.parameters import parameter_shapes, trainables
from sim.build.checks import find_architecture
from sim.build.data import fetch_assets, load_data
from sim.engine.client_job import job_seed
from sim.scenario.scenario import Scenario
from sim.streams import Streams

Content = bytes | bytearray
"""A state or an update as it is sent."""


def config_of(scenario: Scenario) -> TuningConfig:
    """The one configuration of a scenario. Raises ValueError if it has a policy that changes it."""
    if not isinstance(scenario.configurator, Fixed):
        raise ValueError(
            f"configurator.kind must be fixed for a deployment, got {scenario.configurator.kind}"
        )
    plan = scenario.configurator.config
    if isinstance(plan, Tiers | Shares):
        raise ValueError(f"configurator.config must be one configuration for all, got {plan}")
    return plan


def sends_change(scenario: Scenario) -> bool:
    """Whether clients send the change of the state: where one of the directions is rounded."""
    return (scenario.exchange.down_bits, scenario.exchange.up_bits) != (32, 32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Model, task and shards of a scenario with a seed, as the simulator would load them."""

    learner: TorchLearner
    architecture: Architecture
    n_labels: int
    shards: Sequence[Shard]
    streams: Streams

    @staticmethod
    def load(scenario: Scenario, seed: int, cache_dir: Path) -> Site:
        streams = Streams(seed)
        data = load_data(scenario, streams, cache_dir)
        if data.task is None:
            raise ValueError("task.kind must not be synthetic for a deployment: it trains")
        directory = model_dir(scenario.model.source, cache_dir)
        check_model(directory)
        learner = TorchLearner(
            model_dir=directory,
            task=data.task,
            shards=dict(enumerate(data.parts)),
            max_tokens=scenario.task.max_tokens,
            cache_dir=cache_dir,
            new_weights=scenario.training.new_weights,
        )
        return Site(
            learner=learner,
            architecture=find_architecture(scenario, cache_dir),
            n_labels=data.n_labels,
            shards=data.shards,
            streams=streams,
        )

    def shapes(self, config: TuningConfig) -> Shapes:
        """Names and shapes of what is trained and exchanged."""
        return parameter_shapes(config, self.architecture, self.n_labels)

    def job(self, scenario: Scenario, client_id: int, version: int) -> LocalJob:
        """A client's job in the round that starts after `version` aggregations."""
        training, shard = scenario.training, self.shards[client_id]
        factor = training.lr_schedule.factor(version)
        return LocalJob(
            shard=shard,
            config=config_of(scenario),
            n_batches=training.n_steps(shard.n_samples),
            batch_size=training.batch_size,
            optimizer=training.optimizer,
            lr=training.lr * factor,
            head_lr=training.head_lr * factor,
            seed=job_seed(self.streams, client_id, version, 0),
            momentum=training.momentum,
            weight_decay=training.weight_decay,
            max_grad_norm=training.max_grad_norm,
            prox_mu=training.prox_mu,
            lr_decay=training.lr_schedule.decay_in_job,
            down_bits=scenario.exchange.down_bits,
            up_bits=scenario.exchange.up_bits,
        )

    def initial(self, scenario: Scenario) -> State:
        seed = self.streams.key("init")
        return self.learner.make(Initial(config=config_of(scenario), seed=seed), {})

    def contents(
        self, scenario: Scenario, state: State, version: int, client_ids: Iterable[int]
    ) -> Mapping[int, Content]:
        """The bytes of a state that each client receives: all the same at 32 bits."""
        jobs = {client: self.job(scenario, client, version) for client in client_ids}
        sent = trainables(state)
        if scenario.exchange.down_bits == 32:
            return dict.fromkeys(jobs, to_bytes(sent))
        return {client: pack(sent, job.down_bits, job, "down") for client, job in jobs.items()}

    def train(self, scenario: Scenario, client_id: int, version: int, content: Content) -> Content:
        """A client's work of one round, from the bytes of the state to those of its update.

        An update is the trained state, or its change from the received one (`sends_change`).
        """
        job, base = self.job(scenario, client_id, version), StateRef("received")
        start = unpack(content, self.shapes(job.config), job.down_bits)
        own = replace(job, down_bits=32, up_bits=32)  # it trains what it has received
        update = Update(job=own, base=base, weight=float(job.shard.n_samples))
        trained = self.learner.train([update], {base: start})[0]
        sent = {name: value.numpy() for name, value in trained.params.items()}
        if sends_change(scenario):
            sent = {name: value - start[name] for name, value in sent.items()}
        return pack(sent, job.up_bits, job, "up")

    def aggregate(
        self, scenario: Scenario, state: State, version: int, updates: Mapping[int, Content]
    ) -> State:
        """The state after one aggregation of the clients' updates, by client id."""
        import torch

        base, shapes = StateRef("base"), self.shapes(config_of(scenario))
        jobs = [self.job(scenario, client, version) for client in sorted(updates)]
        recipe = Aggregate(
            rule=scenario.aggregation,
            parent=base,
            updates=tuple(
                Update(job=job, base=base, weight=float(job.shard.n_samples)) for job in jobs
            ),
        )
        step = ServerStep(recipe, {base: state}, own_device())
        for update in recipe.updates:
            content = updates[update.job.shard.client_id]
            received = unpack(content, shapes, update.job.up_bits)
            if sends_change(scenario):
                received = {name: state[name] + change for name, change in received.items()}
            step.add(update, {name: torch.from_numpy(value) for name, value in received.items()})
        return step.result()

    def evaluate(self, scenario: Scenario, state: State) -> Evaluation:
        split = scenario.evaluation.report_on
        return self.learner.evaluate(state, config_of(scenario), split)


def prepare(scenario: Scenario, seed: int, cache_dir: Path) -> None:
    """Put all that clients compute once for all rounds into the cache, at this process's speed.

    A client at a tenth of a core would take minutes for the activations of frozen layers.
    """
    fetch_assets(scenario, cache_dir)
    site = Site.load(scenario, seed, cache_dir)
    site.train(scenario, 0, -1, site.contents(scenario, site.initial(scenario), -1, [0])[0])
