"""Settings: environment variables, read once per process."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """All that can be configured; each field is the environment variable ``FEEDSMITH_<FIELD>``.

    Secrets are given by the name of a Secrets Manager secret (``*_secret``), never as values in the template.
    """

    model_config = SettingsConfigDict(env_prefix="FEEDSMITH_", extra="ignore", frozen=True)

    table: str = Field("feedsmith-ledger", description="DynamoDB table of the ledger")
    uploads_bucket: str = Field("feedsmith-uploads", description="S3 bucket that content is uploaded to")
    work_bucket: str = Field("feedsmith-work", description="S3 bucket for staged chunks and rejected rows")
    models_bucket: str = Field("feedsmith-models", description="S3 bucket of trained rankers")
    chunk_queue_url: str = Field("", description="SQS queue of content chunks to index")
    chunk_dead_letter_queue_url: str = Field("", description="SQS queue of chunks that could not be indexed")
    profiles_dead_letter_queue_url: str = Field("", description="SQS queue of events that could not be absorbed")

    usage_plan: str = Field("", description="API Gateway usage plan that new API keys are entered in; empty: none")

    qdrant_url: str = Field("", description="Qdrant server or cluster; empty: Qdrant Edge in this process")
    qdrant_api_key: SecretStr | None = Field(None, description="Qdrant API key; prefer the secret below")
    qdrant_api_key_secret: str = Field("", description="Secrets Manager name of the Qdrant API key")
    qdrant_timeout_s: float = Field(2.0, gt=0, le=60, description="Seconds before Qdrant counts as unreachable")
    vectors_path: Path = Field(Path(".feedsmith/vectors"), description="Folder of Qdrant Edge")
    collection_prefix: str = Field(
        "feedsmith", pattern=r"^[a-z][a-z0-9_-]{0,40}$", description="Prefix of the collections"
    )

    tenant_key: str = Field("", description="KMS key, symmetric, that the tenants' own keys are encrypted under")
    proof_key: str = Field("", description="KMS key, ECC_NIST_P256, that proofs of erasure are signed with")

    models_path: Path = Field(Path("build/models"), description="Folder of the prepared models")
    embedder: str = Field("minilm", description="minilm, e5 or sentence-transformers:NAME")
    understanding: Literal["light", "llm"] = Field(
        "light", description="Who reads items: rules (light), or the model of FEEDSMITH_WRITER (llm)"
    )
    entities: Literal["rules", "spacy"] = Field(
        "rules", description="Who finds names: rules, or spaCy for English (in image functions)"
    )
    embed_threads: int = Field(0, ge=0, le=64, description="Threads of the embedder; 0: all cores")
    writer: str = Field(
        "extractive", description="extractive, house, gguf:PATH, bedrock:MODEL, openai:MODEL@BASE_URL or hf:NAME"
    )
    experiment_writers: str = Field(
        "", description="Writers besides extractive that a variant of an experiment may name, separated by commas"
    )
    writer_timeout_s: float = Field(8.0, gt=0, le=120, description="Seconds before a writer counts as failed")
    writer_candidates: int = Field(3, ge=1, le=8, description="Texts asked of the model per request")
    writer_api_key: SecretStr | None = Field(None, description="API key of an openai: writer; prefer the secret below")
    writer_api_key_secret: str = Field("", description="Secrets Manager name of the writer's API key")
    writer_guardrail: str = Field("", description="Id or ARN of a bedrock: writer's guardrail; empty: none")
    writer_guardrail_version: str = Field("DRAFT", description="Version of that guardrail")
    writer_prompt_cache: bool | None = Field(
        None, description="Whether a bedrock: writer uses the prompt cache; unset: where the model is known to have one"
    )
    writer_offline: bool = Field(False, description="Whether an hf: writer must have its model's files already")
    writer_breaker_failures: int = Field(5, ge=1, description="Failures in a row after which a writer is left alone")
    writer_breaker_s: float = Field(30.0, gt=0, description="Seconds until a writer left alone is tried again")
    writer_tokens_per_day: int = Field(0, ge=0, description="Model tokens of a tenant per UTC day; 0: no limit")
    writer_cost_per_day: float = Field(0.0, ge=0, description="US dollars of a tenant per UTC day; 0: no limit")
    writer_price_in: float | None = Field(
        None, ge=0, description="US dollars per million tokens read; default: the list price, where known"
    )
    writer_price_out: float | None = Field(None, ge=0, description="US dollars per million tokens written")
    text_ttl_s: int = Field(7 * 86_400, ge=60, description="Seconds that a written text stays cached")

    prewrite_items: int = Field(
        0, ge=0, le=100, description="Head items of each segment whose texts are written ahead; 0: none"
    )
    prewrite_kinds: str = Field("headline", description="Kinds of text written ahead, separated by commas")
    prewrite_role: str = Field(
        "", description="ARN of the role of Bedrock batch jobs; empty: texts are written ahead one by one"
    )

    history_length: int = Field(200, ge=1, le=1000, description="Newest interactions that make a profile")
    ranker_refresh_s: float = Field(60.0, gt=0, description="Seconds until the promoted ranker is looked up again")
    experiments_refresh_s: float = Field(
        60.0, ge=0, description="Seconds until experiments are looked up again; one starts that much later"
    )
    k_anonymity: int = Field(5, ge=2, description="Fewest members of a segment")
    max_upload_bytes: int = Field(8 * 2**30, gt=0, description="Largest upload, decompressed")
    max_expansion: int = Field(200, ge=2, description="Largest ratio of decompressed to compressed bytes")
    chunk_deliveries: int = Field(5, ge=1, description="maxReceiveCount of the chunk queue")
    chunk_bytes: int = Field(256 * 1024, ge=1024, description="Bytes of rows per chunk message")

    @property
    def other_writers(self) -> frozenset[str]:
        """Writers that a variant of an experiment may name."""
        return frozenset({"extractive", *filter(None, (name.strip() for name in self.experiment_writers.split(",")))})
