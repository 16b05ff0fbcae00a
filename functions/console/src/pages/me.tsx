// What an end user wants of their own data: see it, change it, take it along, be gone.
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError, api, ifAny } from "../api";
import { useAction, useLoaded, useShared } from "../context";
import { Card, Dialog, Waiting, Wrong, percent, useFocusKept } from "../ui";

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
      <div class="columns" key={reader}>
        <div>
          <ConsentCard round={round} onChange={changed} />
          <DataCard onChange={changed} />
        </div>
        <Interests round={round} />
        <TagsCard round={round} onChange={changed} />
      </div>
    </>
  );
}

function ConsentCard({ round, onChange }: { round: number; onChange: () => void }): JSX.Element {
  const { t, reader } = useShared();
  const loaded = useLoaded(() => api.consent(reader), [reader, round]);
  const [wanted, setWanted] = useState<Record<string, boolean>>({}); // until the API has it
  const action = useAction();
  const choose = (purpose: (typeof PURPOSES)[number], allowed: boolean): void => {
    setWanted((all) => ({ ...all, [purpose]: allowed }));
    action.run(async () => {
      try {
        await api.setConsent(reader, { [purpose]: allowed });
      } catch (wrong) {
        if (!(wrong instanceof ApiError && wrong.temporary)) setWanted({}); // refused: it is as it was
        throw wrong;
      }
      onChange();
    });
  };
  useEffect(() => setWanted({}), [loaded.value]);
  return (
    <Card title={t("personalisation")}>
      <Wrong error={loaded.error} again={loaded.again} />
      <Wrong error={action.error} again={action.last} />
      {loaded.value &&
        PURPOSES.map((purpose) => (
          <label key={purpose} class="switch">
            <input
              type="checkbox"
              role="switch"
              checked={wanted[purpose] ?? loaded.value?.[purpose].allowed}
              onChange={(event) => choose(purpose, event.currentTarget.checked)}
            />
            <span>
              {t(purpose)} <span class="hint">({t(loaded.value?.[purpose].decided_by === "user" ? "byUser" : "byTenant")})</span>
            </span>
          </label>
        ))}
    </Card>
  );
}

function Interests({ round }: { round: number }): JSX.Element {
  const { t, reader, domain, topic, segment } = useShared();
  const loaded = useLoaded(() => ifAny(api.profile(reader, domain)), [reader, domain, round]);
  return (
    <Card title={t("interests")}>
      <Waiting of={loaded}>
        {({ found: known }) =>
          known === undefined ? (
            <p class="empty" data-known="no">{t("nothingKnown")}</p>
          ) : (
            <>
              <p class="hint">
                {known.interactions} {t("interactions")}
                {known.segment_label && ` · ${t("segment")}: ${segment(known.segment_label)}`}
              </p>
              <ul class="weights">
                {known.interests.map((one) => (
                  <li key={one.label + one.newest_title}>
                    <span>
                      {topic(one.label)} <span class="hint">{one.newest_title}</span>
                    </span>
                    <Weight label={topic(one.label)} value={one.weight} />
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

function Weight({ label, value }: { label: string; value: number }): JSX.Element {
  return (
    <span class="weight">
      <meter min={0} max={1} value={value} aria-label={label} /> {percent(value, 0)}
    </span>
  );
}

function TagsCard({ round, onChange }: { round: number; onChange: () => void }): JSX.Element {
  const { t, reader, domain, lang } = useShared();
  const loaded = useLoaded(() => api.tags(reader, lang), [reader, lang, round]);
  const [unwanted, setUnwanted] = useState<string[]>([]); // said here
  const action = useAction();
  const list = useRef<HTMLUListElement>(null);
  const keepFocus = useFocusKept(list, loaded.value);
  const act = (call: () => Promise<unknown>): void =>
    action.run(async () => {
      await call();
      keepFocus();
      onChange();
    });
  const say = (tag: string, undo: boolean): void =>
    act(async () => setUnwanted([...(await api.notInterested(reader, { tag, undo })).tags]));
  return (
    <Card title={t("tags")}>
      <Wrong error={action.error} again={action.last} />
      <Waiting of={loaded}>
        {(found) => {
          const tags = found.domains[domain] ?? [];
          return (
            <>
              {tags.length === 0 && <p class="empty">{t("nothingKnown")}</p>}
              <ul class="weights" ref={list} tabIndex={-1} aria-label={t("tags")}>
                {tags.map((tag) => (
                  <li key={tag.tag} data-tag={tag.tag}>
                    <span>{tag.label}</span>
                    <Weight label={tag.label} value={tag.weight} />
                    <span class="actions">
                      <button type="button" class="quiet" aria-label={`${t("remove")}: ${tag.label}`} onClick={() => act(() => api.removeTag(reader, tag.tag))}>
                        {t("remove")}
                      </button>
                      <button type="button" class="quiet" aria-label={`${t("notInterested")}: ${tag.label}`} onClick={() => say(tag.tag, false)}>
                        {t("notInterested")}
                      </button>
                    </span>
                  </li>
                ))}
              </ul>
              <TakenBack title={t("removed")} tags={found.removed} does={t("restore")} onUndo={(tag) => act(() => api.restoreTag(reader, tag))} />
              <TakenBack title={t("unwanted")} tags={unwanted} does={t("undo")} onUndo={(tag) => say(tag, true)} />
            </>
          );
        }}
      </Waiting>
    </Card>
  );
}

function TakenBack({ title, tags, does, onUndo }: {
    title: string;
    tags: string[];
    does: string;
    onUndo: (tag: string) => void;
  }): JSX.Element | null {
  const { topic } = useShared();
    if (tags.length === 0) return null;
    return (
      <>
        <h3>{title}</h3>
        <ul class="weights">
          {tags.map((tag) => (
            <li key={tag}>
              <span>{topic(tag)}</span>
              <button type="button" class="quiet" aria-label={`${does}: ${topic(tag)}`} onClick={() => onUndo(tag)}>
                {does}
              </button>
            </li>
          ))}
        </ul>
      </>
    );
  }

function DataCard({ onChange }: { onChange: () => void }): JSX.Element {
  const { t, reader } = useShared();
  const [asking, setAsking] = useState(false);
  const [said, setSaid] = useState<string>();
  const action = useAction();
  return (
    <Card title={t("data")}>
      <p class="hint">{t("dataHelp")}</p>
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
        <button type="button" class="danger" onClick={() => setAsking(true)}>
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
          {(close) => (
            <>
              <p>{t("eraseSure")}</p>
              <div class="actions">
                <button
                  type="button"
                  class="danger"
                  onClick={() => {
                    close();
                    action.run(async () => {
                      const { proof } = await api.erase(reader);
                      setSaid(proof === null ? t("eraseGoesOn") : `${t("erased")} ${proof}`);
                      onChange();
                    });
                  }}
                >
                  {t("eraseYes")}
                </button>
                <button type="button" class="quiet" onClick={close}>
                  {t("cancel")}
                </button>
              </div>
            </>
          )}
        </Dialog>
      )}
    </Card>
  );
}
