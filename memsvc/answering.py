"""What answers: the arms and stages of a recall, contexts, graphs, and the recording of answers."""

from dataclasses import dataclass

from memsvc.background import Tools
from memsvc.memory_index.graph_arm import GraphArm
from memsvc.memory_index.lexical_arm import LexicalArm
from memsvc.memory_index.replicas import BankReplicas
from memsvc.ports import Reranker
from memsvc.services.calibrations import Calibrations
from memsvc.services.graph import Graph
from memsvc.services.index_check import IndexCheck
from memsvc.services.recalling.answerable import AssessAnswerable, load_answerable_model
from memsvc.services.recalling.arms import Arms
from memsvc.services.recalling.compose_context import ComposeContext
from memsvc.services.recalling.episode_arm import EpisodeArm
from memsvc.services.recalling.finding import Find
from memsvc.services.recalling.graph_assembly import graph_walks
from memsvc.services.recalling.pass_through import PassThrough
from memsvc.services.recalling.posing import Pose
from memsvc.services.recalling.recall import Recall
from memsvc.services.recalling.recall_assembly import refining, widening
from memsvc.services.recalling.recorded_answers import KeptSettings
from memsvc.services.recalling.recording import LoggedContext, LoggedRecall, RecallLog, Recorder
from memsvc.services.recalling.replaying import Replay
from memsvc.services.recalling.second_hop import SecondHop
from memsvc.services.reinforcing import ReinforceReturned
from memsvc.store.calibration_reads import CalibrationReads
from memsvc.store.engine import Engine
from memsvc.store.feed import StoreFeed
from memsvc.store.graph_facts import GraphFacts
from memsvc.store.recall_reads import RecallReads


@dataclass(frozen=True, slots=True, kw_only=True)
class Answering:
    """The use cases that read what is remembered."""

    recall: LoggedRecall
    compose_context: LoggedContext
    replay: Replay
    log: RecallLog
    calibrations: Calibrations
    graph: Graph


def answering_of(
    tools: Tools,
    engine: Engine,
    feed: StoreFeed,
    replicas: BankReplicas,
    check: IndexCheck,
    reranker: Reranker | None,
) -> Answering:
    """Put together what answers from the tools, and from what is held in memory."""
    settings, store, clock = tools.settings, tools.store, tools.clock
    lexical, graphs = LexicalArm(replicas), GraphArm(replicas)
    reads, calibrations = RecallReads(engine), CalibrationReads(engine)
    judging = load_answerable_model(settings.recall.answerable_weights)
    pass_through = PassThrough(store, lexical)
    find = _find(tools, engine, reads, lexical, graphs, check)
    pose = Pose(store, reads, clock, find, feed)
    recall = Recall(
        store,
        tools.tokens,
        pose=pose,
        find=find,
        pass_through=pass_through,
        widen=widening(settings, store, tools.tokens, tools.model),
        refine=refining(settings, store, tools.tokens, reranker, tools.model),
        assess=AssessAnswerable(lexical, judging, calibrations),
    )
    log = RecallLog(store, settings.recording, ReinforceReturned(store, clock))
    kept = KeptSettings(settings)
    recorder = Recorder(log, clock, settings.recording, kept)
    logged = LoggedRecall(recall, log, recorder, courtesy=tools.courtesy)
    contexts = ComposeContext(store, pose, recall, pass_through, tools.tokens)
    return Answering(
        recall=logged,
        compose_context=LoggedContext(contexts, recorder, tools.courtesy),
        replay=Replay(store, recall, kept),
        log=log,
        calibrations=Calibrations(store, reads, calibrations, judging),
        graph=Graph(store, graphs, logged),
    )


def _find(
    tools: Tools,
    engine: Engine,
    reads: RecallReads,
    lexical: LexicalArm,
    graphs: GraphArm,
    check: IndexCheck,
) -> Find:
    settings, embedders = tools.settings.recall, tools.embedders
    walks = graph_walks(settings.graph, GraphFacts(engine), embedders, tools.clock, tools.model)
    return Find(
        tools.store,
        reads,
        Arms(
            embedders=embedders,
            index=tools.index,
            exact=tools.exact,
            lexical=lexical,
            check=check,
        ),
        settings,
        episode=EpisodeArm(reads, lexical),
        second_hop=SecondHop(
            graphs=graphs,
            words=lexical,
            index=tools.index,
            exact=tools.exact,
            walks=walks,
            settings=settings.graph,
        ),
    )
