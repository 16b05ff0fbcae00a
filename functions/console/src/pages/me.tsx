// What an end user wants of their own data: see it, change it, take it along, be gone.
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { ApiError, type Consent, api } from "../api";
import { useAction, useLoaded, useShared } from "../context";
import { Card, Dialog, Waiting, Wrong, percent } from "../ui";

const PURPOSES = ["profiling", "generation", "analytics"] as const;

export function MePage(): JSX.Element {
  const { t, reader, setReader } = useShared();
  const [typed, setTyped] = useState(reader);
  const [round, setRound] = useState(0);
  const changed = (): void => setRound((n) => n + 1);
  useEffect(() => setTyped(reader), [reader]);
  return (
    <>
      <form
        class="bar"
        onSubmit={(event) => {
          event.preventDefault();
          if (typed.trim()) setReader(typed.trim());
        }}
      >
        <label>
          {t("userId")}
          <input value={typed} maxLength={128} required onInput={(event) => setTyped(event.currentTarget.value)} />
        </label>
        <button type="submit">{t("show")}</button>
      </form>
      <div class="columns">
        <ConsentCard key={`c${reader}${round}`} onChange={changed} />
        <Interests round={round} />
        <TagsCard round={round} onChange={changed} />
        <DataCard onChange={changed} />
      </div>
    </>
  );
}

function ConsentCard({ onChange }: { onChange: () => void }): JSX.Element {
  const { t, reader } = useShared();
  const loaded = useLoaded(() => api.consent(reader), [reader]);
  const [mine, setMine] = useState<Consent>();
  const action = useAction();
  const shown = mine ?? loaded.value;
  return (
    <Card title={t("personalisation")}>
      <Wrong error={loaded.error} again={loaded.again} />
      <Wrong error={action.error} again={action.last} />
      {shown &&
        PURPOSES.map((purpose) => (
          <label key={purpose} class="switch">
            <input
              type="checkbox"
              role="switch"
              checked={shown[purpose].allowed}
              disabled={action.busy}
              onChange={(event) => {
                const allowed = event.currentTarget.checked;
                action.run(async () => {
                  setMine(await api.setConsent(reader, { [purpose]: allowed }));
                  onChange();
                });
              }}
            />
            <span>{t(purpose)}</span> <span class="hint">({t(shown[purpose].decided_by === "user" ? "byUser" : "byTenant")})</span>
          </label>
        ))}
    </Card>
  );
}

/** A profile, or undefined where there is none: to have none is not an error here. */
async function profileOf(reader: string, domain: string) {
  try {
    return { known: await api.profile(reader, domain) };
  } catch (wrong) {
    if (wrong instanceof ApiError && wrong.problem.status === 404) return { known: undefined };
    throw wrong;
  }
}

function Interests({ round }: { round: number }): JSX.Element {
  const { t, reader, domain } = useShared();
  const loaded = useLoaded(() => profileOf(reader, domain), [reader, domain, round]);
  return (
    <Card title={t("interests")}>
      <Waiting of={loaded}>
        {({ known }) =>
          known === undefined ? (
            <p class="empty" data-known="no">{t("nothingKnown")}</p>
          ) : (
            <>
              <p class="hint">
                {known.interactions} {t("interactions")}
                {known.segment_label && ` · ${t("segment")}: ${known.segment_label}`}
              </p>
              <ul class="weights">
                {known.interests.map((one) => (
                  <li key={one.label + one.newest_title}>
                    <span>
                      {one.label} <span class="hint">{one.newest_title}</span>
                    </span>
                    <meter min={0} max={1} value={one.weight} aria-label={one.label} /> {percent(one.weight, 0)}
                  </li>
                ))}
              </ul>
            </>
          )
        }
      </Waiting>
    </Card>
  );
}

function TagsCard({ round, onChange }: { round: number; onChange: () => void }): JSX.Element {
  const { t, reader, domain, lang, topic } = useShared();
  const loaded = useLoaded(() => api.tags(reader, lang), [reader, lang, round]);
  const action = useAction();
  const act = (call: () => Promise<unknown>): void =>
    action.run(async () => {
      await call();
      onChange();
    });
  return (
    <Card title={t("tags")}>
      <Wrong error={action.error} again={action.last} />
      <Waiting of={loaded}>
        {(found) => {
          const tags = found.domains[domain] ?? [];
          return (
            <>
              {tags.length === 0 && <p class="empty">{t("nothingKnown")}</p>}
              <ul class="weights">
                {tags.map((tag) => (
                  <li key={tag.tag} data-tag={tag.tag}>
                    <span>{tag.label}</span>
                    <meter min={0} max={1} value={tag.weight} aria-label={tag.label} /> {percent(tag.weight, 0)}
                    <button type="button" class="quiet" aria-label={`${t("remove")}: ${tag.label}`} onClick={() => act(() => api.removeTag(reader, tag.tag))}>
                      {t("remove")}
                    </button>
                    <button
                      type="button"
                      class="quiet"
                      aria-label={`${t("notInterested")}: ${tag.label}`}
                      onClick={() => act(() => api.notInterested(reader, { tag: tag.tag }))}
                    >
                      {t("notInterested")}
                    </button>
                  </li>
                ))}
              </ul>
              {found.removed.length > 0 && (
                <p class="hint">
                  {t("removed")}: {found.removed.map(topic).join(", ")}
                </p>
              )}
            </>
          );
        }}
      </Waiting>
    </Card>
  );
}

function DataCard({ onChange }: { onChange: () => void }): JSX.Element {
  const { t, reader } = useShared();
  const [asking, setAsking] = useState(false);
  const [said, setSaid] = useState<string>();
  const action = useAction();
  return (
    <Card title={t("export")}>
      <Wrong error={action.error} again={action.last} />
      <div class="actions">
        <button
          type="button"
          disabled={action.busy}
          onClick={() =>
            action.run(async () => {
              const pages: unknown[] = [];
              let cursor: string | undefined;
              do {
                const page = await api.exportPage(reader, cursor);
                pages.push(page);
                cursor = page.cursor ?? undefined;
              } while (cursor !== undefined);
              const link = document.createElement("a");
              link.href = URL.createObjectURL(new Blob([JSON.stringify(pages, null, 1)], { type: "application/json" }));
              link.download = "feedsmith-export.json";
              link.click();
              setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
            })
          }
        >
          {t("export")}
        </button>
        <button type="button" class="danger" disabled={action.busy} onClick={() => setAsking(true)}>
          {t("erase")}
        </button>
      </div>
      {said && (
        <p role="status" class="proof">
          {said}
        </p>
      )}
      {asking && (
        <Dialog title={t("erase")} onClose={() => setAsking(false)}>
          <p>{t("eraseSure")}</p>
          <div class="actions">
            <button
              type="button"
              class="danger"
              onClick={() => {
                setAsking(false);
                action.run(async () => {
                  const { proof } = await api.erase(reader);
                  setSaid(proof === null ? t("eraseGoesOn") : `${t("erased")} ${proof}`);
                  onChange();
                });
              }}
            >
              {t("eraseYes")}
            </button>
            <button type="button" class="quiet" onClick={() => setAsking(false)}>
              {t("cancel")}
            </button>
          </div>
        </Dialog>
      )}
    </Card>
  );
}
