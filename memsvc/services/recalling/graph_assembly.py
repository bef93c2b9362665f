"""What the graph arm is made of, put together from the settings."""

from memsvc.llm.fact_filter import ModelFactFilter
from memsvc.llm.structured import StructuredModel
from memsvc.ports import Clock
from memsvc.services.compare_names import CompareNames
from memsvc.services.embedders import Embedders
from memsvc.services.recalling.fact_seeds import FactSeeds, FactSource
from memsvc.services.recalling.graph_walks import GraphWalks
from memsvc.settings import GraphSettings


def graph_walks(
    settings: GraphSettings,
    facts: FactSource,
    embedders: Embedders,
    clock: Clock,
    model: StructuredModel | None,
) -> GraphWalks:
    """Put together what walks; ``model`` chooses facts where the settings say so."""
    chooser = model if settings.choose_facts else None
    return GraphWalks(
        settings=settings,
        names=CompareNames(embedders),
        facts=FactSeeds(
            source=facts,
            embedders=embedders,
            clock=clock,
            least_cosine=settings.least_fact_cosine,
            filter=None if chooser is None else ModelFactFilter(chooser),
        ),
    )
