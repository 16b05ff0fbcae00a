// Uploads with their progress and refused rows; what is there, and what was understood of it.
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { ApiError, type Indexed, type Ingestion, api } from "../api";
import { useAction, useLoaded, useShared } from "../context";
import type { Word } from "../i18n";
import { Card, Table, Waiting, Wrong, number, percent, when } from "../ui";

const LOOK_MS = 500;

export function ContentPage(): JSX.Element {
  const { t, lang, domain, topic } = useShared();
  const [typed, setTyped] = useState("");
  const [query, setQuery] = useState("");
  const [open, setOpen] = useState<string>();
  const [round, setRound] = useState(0);
  const items = useLoaded(() => api.items(domain, query), [domain, query, round]);
  return (
    <>
      <UploadCard onDone={() => setRound((n) => n + 1)} />
      <Card
        title={t("items")}
        actions={
          <form
            class="bar"
            role="search"
            onSubmit={(event) => {
              event.preventDefault();
              setQuery(typed.trim());
            }}
          >
            <input type="search" aria-label={t("search")} value={typed} maxLength={500} onInput={(event) => setTyped(event.currentTarget.value)} />
            <button type="submit">{t("search")}</button>
          </form>
        }
      >
        <Waiting of={items}>
          {({ items: found }) =>
            found.length === 0 ? (
              <p class="empty">{query ? t("notFound", query) : t("noItems")}</p>
            ) : (
              <ul class="list rows">
                {found.map((one) => (
                  <li key={one.item.id}>
                    <button type="button" class="link" aria-expanded={open === one.item.id} onClick={() => setOpen(open === one.item.id ? undefined : one.item.id)}>
                      {one.item.title}
                    </button>
                    <span class="hint">
                      {[...one.understanding.topics.slice(0, 2).map((found) => topic(found.name)), one.item.provider, when(one.item.published_at, lang)]
                        .filter(Boolean)
                        .join(" · ")}
                    </span>
                    {open === one.item.id && <ItemDetail found={one} onOpen={(id) => setOpen(id)} />}
                  </li>
                ))}
              </ul>
            )
          }
        </Waiting>
        {open && !items.value?.items.some((one) => one.item.id === open) && <OpenedItem id={open} onOpen={setOpen} />}
      </Card>
    </>
  );
}

function OpenedItem({ id, onOpen }: { id: string; onOpen: (id: string) => void }): JSX.Element {
  const loaded = useLoaded(() => api.item(id), [id]);
  return (
    <Waiting of={loaded}>
      {(found) => (
        <>
          <h3>{found.item.title}</h3>
          <ItemDetail found={found} onOpen={onOpen} />
        </>
      )}
    </Waiting>
  );
}

function ItemDetail({ found, onOpen }: { found: Indexed; onOpen: (id: string) => void }): JSX.Element {
  const { t, lang, topic } = useShared();
  const { item, understanding, stats } = found;
  const similar = useLoaded(() => api.similar(item.id), [item.id]);
  const counts = Object.entries(stats.counts).map(([type, count]) => `${type} ${count}`);
  return (
    <div class="detail">
      <p class="meta">{[item.id, item.provider, item.categories.join(", "), when(item.published_at, lang)].filter(Boolean).join(" · ")}</p>
      <p>{item.body.slice(0, 600)}</p>
      <dl class="pairs">
        <dt>{t("topics")}</dt>
        <dd>{understanding.topics.map((one) => `${topic(one.name)} ${percent(one.score, 0)}`).join(", ") || "–"}</dd>
        <dt>{t("keywords")}</dt>
        <dd>{understanding.keywords.join(", ") || "–"}</dd>
        <dt>{t("entities")}</dt>
        <dd>{understanding.entities.map((one) => `${one.text} (${one.kind})`).join(", ") || "–"}</dd>
        <dt>{t("sentiment")}</dt>
        <dd>{number(understanding.sentiment)}</dd>
        <dt>{t("quality")}</dt>
        <dd>{understanding.quality.join(", ") || "✓"}</dd>
        <dt>{t("counts")}</dt>
        <dd>{counts.join(", ") || "–"}</dd>
      </dl>
      <h3>{t("similar")}</h3>
      <Waiting of={similar}>
        {({ items }) => (
          <ul>
            {items.map((one) => (
              <li key={one.item_id}>
                <button type="button" class="link" onClick={() => onOpen(one.item_id)}>
                  {one.title}
                </button>{" "}
                <span class="hint">{number(one.similarity)}</span>
              </li>
            ))}
          </ul>
        )}
      </Waiting>
    </div>
  );
}

function UploadCard({ onDone }: { onDone: () => void }): JSX.Element {
  const { t, domain } = useShared();
  const [id, setId] = useState<string>();
  const [progress, setProgress] = useState<Ingestion>();
  const [lost, setLost] = useState<ApiError>();
  const action = useAction();
  const ended = progress !== undefined && (progress.status === "succeeded" || progress.status === "failed");

  useEffect(() => {
    if (id === undefined) return;
    let over = false;
    const look = async (): Promise<void> => {
      while (!over) {
        try {
          const found = await api.ingestion(id);
          if (over) return;
          setLost(undefined);
          setProgress(found);
          if (found.status === "succeeded" || found.status === "failed") {
            onDone();
            return;
          }
        } catch (wrong) {
          if (!(wrong instanceof ApiError)) throw wrong;
          // Not planned yet: the upload's own event is still on its way.
          if (wrong.problem.status !== 404) setLost(wrong);
        }
        await new Promise((go) => setTimeout(go, LOOK_MS));
      }
    };
    void look();
    return () => {
      over = true;
    };
  }, [id]);

  return (
    <Card title={t("upload")}>
      <p class="hint">{t("uploadHelp")}</p>
      <form
        class="bar"
        onSubmit={(event) => {
          event.preventDefault();
          const file = new FormData(event.currentTarget).get("file");
          if (!(file instanceof File) || file.size === 0) return;
          setProgress(undefined);
          setId(undefined);
          action.run(async () => {
            setId((await api.upload(domain, file.name, await file.text())).ingestion_id);
          });
        }}
      >
        <label>
          {t("file")}
          <input type="file" name="file" accept=".jsonl,.csv,.json" required />
        </label>
        <button type="submit" disabled={action.busy || (id !== undefined && !ended)}>
          {t("upload")}
        </button>
      </form>
      <Wrong error={action.error} again={action.last} />
      <Wrong error={lost} />
      {id !== undefined && progress === undefined && (
        <div class="progress">
          <progress aria-label={t("status_planning")} />
        </div>
      )}
      {progress && (
        <div aria-live="polite" class="progress">
          <progress max={progress.chunks ?? undefined} value={progress.chunks === null ? undefined : progress.chunks_done} aria-label={t("upload")} />
          <span data-status={progress.status}>
            {t(`status_${progress.status}` as Word)} · {progress.indexed} {t("indexed")}, {progress.unchanged} {t("unchanged")}, {progress.rejected}{" "}
            {t("rejected")}
          </span>
          {progress.reason && <p class="problem">{progress.reason}</p>}
          {progress.rejected > 0 && ended && <RejectsTable id={progress.id} />}
        </div>
      )}
    </Card>
  );
}

function RejectsTable({ id }: { id: string }): JSX.Element {
  const { t } = useShared();
  const loaded = useLoaded(() => api.rejects(id), [id]);
  return (
    <Waiting of={loaded}>
      {({ rows, more }) => (
        <>
          <Table
            caption={t("rejected")}
            head={[t("line"), t("reason"), t("row")]}
            rows={rows.map((one) => [one.line, one.reason, <code>{one.row.slice(0, 200)}</code>])}
          />
          {more && <p class="hint">{t("moreRows")}</p>}
        </>
      )}
    </Waiting>
  );
}
