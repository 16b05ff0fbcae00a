// A reader's feed: read, like, dismiss; it changes at once, and what changed is marked.
import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { type FeedItem, type LoggedEvent, type Rendition, type Slate, api } from "../api";
import { Plot, colour } from "../chart";
import { useAction, useLoaded, useShared } from "../context";
import { type Word, known } from "../i18n";
import { Card, Dialog, Terms, Waiting, Wrong, number, when } from "../ui";

const CHANGE_MS = 300; // an event is in the profile within a second; the first look comes earlier
const LOOKS = 4;

export function loggedEvent(slate: Slate, item: FeedItem, reader: string, type: string, value?: number): LoggedEvent {
  return {
    user_id: reader,
    item_id: item.item_id,
    type,
    at: new Date().toISOString(),
    event_id: crypto.randomUUID(),
    slate_id: slate.slate_id,
    position: item.position,
    propensity: item.propensity,
    model_version: slate.model_version,
    ...(value === undefined ? {} : { value }),
  };
}

/** Places of a slate by item, to tell what a later one changed. */
function places(slate: Slate | undefined): Map<string, number> {
  return new Map(slate?.items.map((item) => [item.item_id, item.position]));
}

export function ReaderPage({ newReader }: { newReader: () => string }): JSX.Element {
  const { t, lang, domain, reader, setReader } = useShared();
  const [typed, setTyped] = useState(reader);
  const [before, setBefore] = useState<Map<string, number>>();
  const [why, setWhy] = useState<FeedItem>();
  const [done, setDone] = useState<Record<string, string>>({});
  const feed = useLoaded(() => api.feed(reader, domain, lang), [reader, domain, lang]);
  const slate = feed.value;
  const seen = useRef<string>();
  const action = useAction();
  useEffect(() => setTyped(reader), [reader]);
  useEffect(() => {
    setBefore(undefined);
    setDone({});
  }, [reader, domain]);
  useEffect(() => {
    // Impressions once a slate: ranking learns from what was shown, not only from what was clicked.
    if (slate === undefined || slate.items.length === 0 || seen.current === slate.slate_id) return;
    seen.current = slate.slate_id;
    action.run(async () => {
      await api.events(slate.items.map((item) => loggedEvent(slate, item, reader, "impression")));
    });
  }, [slate]);

  const act = (item: FeedItem, type: string): void => {
    if (slate === undefined) return;
    const now = places(slate);
    const event = loggedEvent(slate, item, reader, type);
    action.run(async () => {
      await api.events([event]);
      setDone((all) => ({ ...all, [item.item_id]: type }));
      setBefore(now);
      for (let look = 1; look <= LOOKS; look++) setTimeout(feed.again, look * CHANGE_MS);
    });
  };
  const choose = (id: string): void => {
    if (id.trim()) setReader(id.trim());
  };
  const fresh = slate?.items.filter((item) => before && !before.has(item.item_id)).length ?? 0;
  const moved = slate?.items.filter((item) => before?.has(item.item_id) && before.get(item.item_id) !== item.position).length ?? 0;
  const basis = `basis_${slate?.basis}`;

  return (
    <>
      <form
        class="bar"
        onSubmit={(event) => {
          event.preventDefault();
          choose(typed);
        }}
      >
        <label>
          {t("userId")}
          <input value={typed} maxLength={128} required onInput={(event) => setTyped(event.currentTarget.value)} />
        </label>
        <button type="submit">{t("show")}</button>
        <button type="button" class="quiet" onClick={() => choose(newReader())}>
          {t("newReader")}
        </button>
        <button type="button" class="quiet" onClick={feed.again}>
          {t("refresh")}
        </button>
      </form>
      <Wrong error={action.error} again={action.last} />
      <Waiting of={feed}>
        {(found) => (
          <>
            <p class="hint" aria-live="polite">
              <span data-basis={found.basis}>{known(basis) ? t(basis as Word) : found.basis}</span> · {found.model_version}
              {before && fresh + moved > 0 && ` · ${t("changed")}${fresh} ${t("new_n")}, ${moved} ${t("moved_n")}`}
            </p>
            {found.items.length === 0 && <p class="empty">{t("noItems")}</p>}
            <ol class="feed">
              {found.items.map((item) => (
                <FeedEntry
                  key={item.item_id}
                  item={item}
                  slate={found}
                  before={before}
                  done={done[item.item_id]}
                  onAct={(type) => act(item, type)}
                  onWhy={() => setWhy(item)}
                />
              ))}
            </ol>
          </>
        )}
      </Waiting>
      {why && <Why item={why} onClose={() => setWhy(undefined)} />}
    </>
  );
}

function FeedEntry({ item, slate, before, done, onAct, onWhy }: {
  item: FeedItem;
  slate: Slate;
  before: Map<string, number> | undefined;
  done: string | undefined;
  onAct: (type: string) => void;
  onWhy: () => void;
}): JSX.Element {
  const { t, lang, reader, topic } = useShared();
  const headline = useLoaded(() => api.headline(reader, item.item_id, lang), [reader, item.item_id, lang, slate.basis]);
  const was = before?.get(item.item_id);
  const mark = before === undefined ? undefined : was === undefined ? "isNew" : was > item.position ? "up" : was < item.position ? "downMark" : undefined;
  const text = headline.value?.text ?? item.title;
  return (
    <li class={mark === "isNew" ? "new" : undefined} data-item={item.item_id} data-topic={item.topics[0]?.name}>
      <article>
        <h3>
          {text} {mark && <span class="mark">{t(mark)}</span>}
        </h3>
        {text !== item.title && <p class="original">{item.title}</p>}
        <p class="meta">
          {[item.provider, item.topics.map((one) => topic(one.name)).join(", "), when(item.published_at, lang), item.explored && t("explored")]
            .filter(Boolean)
            .join(" · ")}
        </p>
        {item.reasons.length > 0 && <p class="reasons">{item.reasons.map((one) => one.text).join(" · ")}</p>}
        <div class="actions">
          <button type="button" onClick={() => onAct("click")}>{t(done === "click" ? "opened" : "open")}</button>
          <button type="button" class="quiet" aria-pressed={done === "like"} onClick={() => onAct("like")}>{t(done === "like" ? "liked" : "like")}</button>
          <button type="button" class="quiet" onClick={() => onAct("dismiss")}>{t("dismiss")}</button>
          <button type="button" class="quiet" onClick={onWhy}>{t("why")}</button>
          <span class="score" title={t("score")}>{number(item.score, 4)}</span>
        </div>
        <Wrong error={headline.error?.unreachable ? undefined : headline.error} again={headline.again} />
      </article>
    </li>
  );
}

function Why({ item, onClose }: { item: FeedItem; onClose: () => void }): JSX.Element {
  const { t, reader, lang } = useShared();
  const text = useLoaded(() => api.headline(reader, item.item_id, lang), [reader, item.item_id, lang]);
  const config = useMemo(() => {
    const terms = [...item.terms].filter((term) => term.contribution !== 0).sort((a, b) => b.contribution - a.contribution);
    return {
      type: "bar" as const,
      data: {
        labels: terms.map((term) => term.name),
        datasets: [
          { data: terms.map((term) => term.contribution), backgroundColor: terms.map((term) => colour(term.contribution >= 0 ? 0 : 4)) },
        ],
      },
      options: { indexAxis: "y" as const, plugins: { legend: { display: false } } },
    };
  }, [item]);
  return (
    <Dialog title={t("whyTitle")} onClose={onClose}>
      <p>
        <strong>{item.title}</strong>
      </p>
      <h3>{t("reasons")}</h3>
      <ul>
        {item.reasons.map((one) => (
          <li key={one.term}>{one.text}</li>
        ))}
      </ul>
      <h3>{t("score")}</h3>
      <Plot config={config} label={t("whyTitle")} />
      <Terms terms={item.terms} score={item.score} />
      <h3>{t("text")}</h3>
      <Waiting of={text}>{(found) => <TextVerdict found={found} original={item.title} />}</Waiting>
    </Dialog>
  );
}

/** A text beside the original, with what the gate said of it. */
export function TextVerdict({ found, original }: { found: Rendition; original: string }): JSX.Element {
  const { t } = useShared();
  const source = `source_${found.source}`;
  return (
    <>
      <dl class="pairs">
        <dt>{t("personal")}</dt>
        <dd>{found.text}</dd>
        <dt>{t("original")}</dt>
        <dd>{original}</dd>
        <dt>{t("writtenBy")}</dt>
        <dd>
          {known(source) ? t(source as Word) : found.source} ({found.writer}){found.note ? ` · ${found.note}` : ""}
        </dd>
        {found.ground && (
          <>
            <dt>{t("ground")}</dt>
            <dd>{found.ground.title}</dd>
          </>
        )}
        <dt>{t("gate")}</dt>
        <dd>
          {t(found.verdict.passed ? "passed" : "failed")}
          {found.rejected > 0 && ` · ${found.rejected} ${t("rejected")}`}
        </dd>
      </dl>
      <Card title={t("gate")}>
        <ul class="checks">
          {found.verdict.checks.map((check) => (
            <li key={check.name} class={check.passed ? "good" : "bad"}>
              {check.passed ? "✓" : "✗"} {check.name} {check.detail}
            </li>
          ))}
        </ul>
      </Card>
    </>
  );
}

