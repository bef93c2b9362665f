"""What organising is made of, put together from the settings."""

from memsvc.domain.model_calls import Budget
from memsvc.llm.client import ProviderEndpoint
from memsvc.llm.structured import StructuredModel
from memsvc.ports import Clock, Extractor, TokenCounter
from memsvc.services.embedders import Embedders
from memsvc.services.model_calls import ModelCalls
from memsvc.services.organising.applying import ApplyAnnotations, ApplyEvolutions, ApplyLinks
from memsvc.services.organising.documents import DocumentStage, Levels
from memsvc.services.organising.gathering import Gathering
from memsvc.services.organising.portray import portray_stage
from memsvc.services.organising.stage import OrganiseStage
from memsvc.services.organising.summarise import summarise_stage
from memsvc.services.organising.views import AnnotatedViews
from memsvc.services.organising.windows import OrganiseWindow
from memsvc.settings import LanguageModelSettings, OrganiseSettings
from memsvc.store.transactions import Store


def budget_of(settings: LanguageModelSettings) -> Budget:
    """Return what a tenant may use in a day."""
    return Budget(tokens_per_day=settings.tokens_per_day, usd_per_day=settings.usd_per_day)


def language_model(settings: LanguageModelSettings, calls: ModelCalls) -> StructuredModel | None:
    """Return the configured model; nothing is imported or connected to yet."""
    if settings.model is None:
        return None
    endpoint = ProviderEndpoint(
        model=settings.model,
        api_base=settings.api_base,
        api_key=settings.api_key,
        timeout_s=settings.timeout_s,
    )
    return StructuredModel(endpoint, calls, most_output_tokens=settings.most_output_tokens)


def organise_stage(
    settings: OrganiseSettings,
    store: Store,
    embedders: Embedders,
    gathering: Gathering,
    extractor: Extractor,
) -> OrganiseStage:
    """Put together what organises a bank."""
    window = OrganiseWindow(
        store=store,
        gathering=gathering,
        extractor=extractor,
        embedders=embedders,
        appliers=[
            ApplyAnnotations(),
            ApplyLinks(settings=settings),
            ApplyEvolutions(settings=settings),
        ],
        views=AnnotatedViews(settings=settings, courtesy=gathering.courtesy),
    )
    return OrganiseStage(store=store, window=window, settings=settings)


def document_stages(
    store: Store, clock: Clock, tokens: TokenCounter
) -> list[DocumentStage | Levels]:
    """Put together what keeps documents made of memories."""
    return [summarise_stage(store, clock), portray_stage(store, clock, tokens)]
