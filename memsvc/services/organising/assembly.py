"""What organising is made of, put together from the settings."""

from dataclasses import replace

from memsvc.domain.identifiers import TenantId
from memsvc.domain.model_calls import Budget, Budgets
from memsvc.llm.client import ProviderEndpoint
from memsvc.llm.model_extractor import ModelExtractor
from memsvc.llm.model_writer import ModelWriter
from memsvc.llm.pricing import stated_price
from memsvc.llm.structured import StructuredModel
from memsvc.ports import Clock, Extractor, TokenCounter
from memsvc.services.courtesy import Courtesy
from memsvc.services.embedders import Embedders
from memsvc.services.model_calls import ModelCalls
from memsvc.services.organising.applying import ApplyAnnotations, ApplyEvolutions, ApplyLinks
from memsvc.services.organising.applying_thoughts import ApplyThoughts
from memsvc.services.organising.documents import DocumentStage, Levels
from memsvc.services.organising.gathering import Gathering
from memsvc.services.organising.giving import ApplyGiven
from memsvc.services.organising.portray import portray_stage
from memsvc.services.organising.stage import OrganiseStage
from memsvc.services.organising.summarise import summarise_stage
from memsvc.services.organising.views import AnnotatedViews
from memsvc.services.organising.windows import OrganiseWindow
from memsvc.settings import LanguageModelSettings, OrganiseSettings
from memsvc.store.transactions import Store


def budgets_of(settings: LanguageModelSettings) -> Budgets:
    """Return what each tenant may use in a day: of its own what is set, else what everybody may."""
    everybody = Budget(tokens_per_day=settings.tokens_per_day, usd_per_day=settings.usd_per_day)
    own = {
        TenantId(tenant_id): replace(everybody, **given.model_dump(exclude_unset=True))
        for tenant_id, given in settings.tenants.items()
    }
    return Budgets(everybody=everybody, own=own)


def language_model(settings: LanguageModelSettings, calls: ModelCalls) -> StructuredModel | None:
    """Return the configured model; nothing is imported or connected to yet."""
    if settings.model is None:
        return None
    endpoint = ProviderEndpoint(
        model=settings.model,
        api_base=settings.api_base,
        api_key=settings.api_key,
        timeout_s=settings.timeout_s,
        price=stated_price(settings.usd_per_million_input, settings.usd_per_million_output),
    )
    return StructuredModel(endpoint, calls, most_output_tokens=settings.most_output_tokens)


def organise_stage(
    settings: OrganiseSettings,
    store: Store,
    embedders: Embedders,
    gathering: Gathering,
    extractor: Extractor,
    *,
    thoughts: ApplyThoughts | None = None,
) -> OrganiseStage:
    """Put together what organises a bank; thoughts are kept of an extractor that has any.

    A model's facts and entities are kept. Those of the rules are not: the stage of facts and the
    reading of entities find them, and what they say is known to every recall.
    """
    given = [ApplyGiven()] if isinstance(extractor, ModelExtractor) else []
    window = OrganiseWindow(
        store=store,
        gathering=gathering,
        extractor=extractor,
        embedders=embedders,
        appliers=[
            ApplyAnnotations(),
            ApplyLinks(settings=settings),
            ApplyEvolutions(settings=settings),
            *([thoughts] if thoughts is not None else []),
            *given,
        ],
        views=AnnotatedViews(settings=settings, courtesy=gathering.courtesy),
    )
    return OrganiseStage(store=store, window=window, settings=settings)


def document_stages(
    store: Store,
    clock: Clock,
    tokens: TokenCounter,
    model: StructuredModel | None = None,
    *,
    courtesy: Courtesy | None = None,
) -> list[DocumentStage | Levels]:
    """Put together what keeps documents made of memories; a model writes them, or rules do."""
    writer = None if model is None else ModelWriter(model)
    return [
        summarise_stage(store, clock, writer, courtesy=courtesy),
        portray_stage(store, clock, tokens, writer=writer, courtesy=courtesy),
    ]
