// A reader's feed: read, like, dismiss; it changes at once, and what changed is marked.
import type { ChartConfiguration } from "chart.js";
import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { type FeedItem, type LoggedEvent, type Rendition, type Slate, api } from "../api";
import { Plot, colour } from "../chart";
import { type Loaded, useAction, useLoaded, useShared } from "../context";
import { Dialog, Terms, Waiting, Wrong, number, useFocusKept, useSeen, when } from "../ui";

// An event is in the profile within a second: the feed is looked at again until the item is gone from it.
const CHANGE_MS = 300;
const LOOKS = 5;

interface Acted {
  id: string;
  type: string;
  looks: number;
}

function loggedEvent(slate: Slate, item: FeedItem, reader: string, type: string): LoggedEvent {
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
  };
}

type Mark = "isNew" | "up" | "downMark";

/** What changed from one feed to the next: what came, and what changed its place among those that stayed. */
function marks(before: string[] | undefined, now: FeedItem[]): Map<string, Mark> {
  if (before === undefined) return new Map();
  const ids = now.map((item) => item.item_id);
  const stayed = ids.filter((id) => before.includes(id));
  const was = before.filter((id) => ids.includes(id));
  return new Map(
    ids.flatMap((id): [string, Mark][] => {
      const [from, to] = [was.indexOf(id), stayed.indexOf(id)];
      if (from < 0) return [[id, "isNew"]];
      return from === to ? [] : [[id, from > to ? "up" : "downMark"]];
    }),
  );
}

export function ReaderPage({ newReader }: { newReader: () => string }): JSX.Element {
  const { t, named, lang, domain, reader, setReader } = useShared();
  const [typed, setTyped] = useState(reader);
  const [before, setBefore] = useState<string[]>();
  const [why, setWhy] = useState<FeedItem>();
  const [acted, setActed] = useState<Acted>();
  const feed = useLoaded(() => api.feed(reader, domain, lang), [reader, domain, lang]);
  const slate = feed.value;
  const seen = useRef<string>();
  const shown = useAction();
  const action = useAction();
  const list = useRef<HTMLOListElement>(null);
  const keepFocus = useFocusKept(list, slate);
  const waits = acted !== undefined && acted.looks > 0 && slate?.items.some((item) => item.item_id === acted.id);
  useEffect(() => setTyped(reader), [reader]);
  useEffect(() => {
    setBefore(undefined);
    setActed(undefined);
  }, [reader, domain]);
  useEffect(() => {
    if (!waits) return;
    const timer = setTimeout(() => {
      setActed(acted && { ...acted, looks: acted.looks - 1 });
      feed.again();
    }, CHANGE_MS);
    return () => clearTimeout(timer);
  }, [acted, waits]);
  useEffect(() => {
    // Impressions once a slate: ranking learns from what was shown, not only from what was clicked.
    if (waits || slate === undefined || slate.items.length === 0 || seen.current === slate.slate_id) return;
    seen.current = slate.slate_id;
    const events = slate.items.map((item) => loggedEvent(slate, item, reader, "impression"));
    shown.run(async () => void (await api.events(events)));
  }, [slate, waits]);

  const act = (item: FeedItem, type: string): void => {
    if (slate === undefined) return;
    const event = loggedEvent(slate, item, reader, type);
    action.run(async () => {
      await api.events([event]);
      keepFocus();
      setBefore(slate.items.map((one) => one.item_id));
      setActed({ id: item.item_id, type, looks: LOOKS });
    });
  };
  const choose = (id: string): void => {
    if (id.trim()) setReader(id.trim());
  };
  const changes = useMemo(() => marks(before, slate?.items ?? []), [before, slate]);
  const fresh = [...changes.values()].filter((mark) => mark === "isNew").length;

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
      <Wrong error={feed.error ? undefined : shown.error} again={shown.last} />
      <Waiting of={feed}>
        {(found) => (
          <>
            <div class="heading">
              <h2>{t("feed")}</h2>
              <p class="hint" aria-live="polite">
                <span data-basis={found.basis}>{named("basis", found.basis)}</span> · {found.model_version}
                {changes.size > 0 && ` · ${t("changed")}${fresh} ${t("new_n")}, ${changes.size - fresh} ${t("moved_n")}`}
              </p>
            </div>
            {found.items.length === 0 && <p class="empty">{t("noItems")}</p>}
            <ol class="feed" ref={list} tabIndex={-1}>
              {found.items.map((item) => (
                <FeedEntry
                  key={item.item_id}
                  item={item}
                  basis={found.basis}
                  mark={changes.get(item.item_id)}
                  done={acted?.id === item.item_id ? acted.type : undefined}
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

function FeedEntry({ item, basis, mark, done, onAct, onWhy }: {
  item: FeedItem;
  basis: string;
  mark: Mark | undefined;
  done: string | undefined;
  onAct: (type: string) => void;
  onWhy: () => void;
}): JSX.Element {
  const { t, lang, reader, topic } = useShared();
  const place = useRef<HTMLLIElement>(null);
  // Writing costs: what nobody scrolls to is not written.
  const seen = useSeen(place);
  const headline = useLoaded(
    () => (seen ? api.headline(reader, item.item_id, lang) : undefined),
    [reader, item.item_id, lang, basis, seen],
  );
  const text = headline.value?.text ?? item.title;
  return (
    <li ref={place} class={mark === "isNew" ? "new" : undefined} data-item={item.item_id} data-topic={item.topics[0]?.name}>
      <article>
        <div class="heading">
          <h3>
            {text} {mark && <span class="mark">{t(mark)}</span>}
          </h3>
          <span class="score" title={t("score")}>{number(item.score, 4)}</span>
        </div>
        {text !== item.title && <p class="original">{item.title}</p>}
        <p class="meta">
          {[item.provider, item.topics.map((one) => topic(one.name)).join(", "), when(item.published_at, lang), item.explored && t("explored")]
            .filter(Boolean)
            .join(" · ")}
        </p>
        {item.reasons.length > 0 && (
          <ul class="reasons" aria-label={t("reasons")}>
            {item.reasons.map((one) => (
              <li key={one.term}>{one.text}</li>
            ))}
          </ul>
        )}
        <div class="actions">
          <button type="button" class="soft" onClick={() => onAct("click")}>{t(done === "click" ? "opened" : "open")}</button>
          <button type="button" class="quiet" aria-pressed={done === "like"} onClick={() => onAct("like")}>{t(done === "like" ? "liked" : "like")}</button>
          <button type="button" class="quiet" onClick={() => onAct("dismiss")}>{t("dismiss")}</button>
          <button type="button" class="quiet why" aria-haspopup="dialog" onClick={onWhy}>{t("why")}</button>
        </div>
        <Wrong error={headline.error?.temporary ? undefined : headline.error} again={headline.again} />
      </article>
    </li>
  );
}

function Why({ item, onClose }: { item: FeedItem; onClose: () => void }): JSX.Element {
  const { t, named, reader, lang } = useShared();
  const text = useLoaded(() => api.headline(reader, item.item_id, lang), [reader, item.item_id, lang]);
  const config = useMemo<ChartConfiguration>(() => {
    const terms = [...item.terms].filter((term) => term.contribution !== 0).sort((a, b) => b.contribution - a.contribution);
    return {
      type: "bar",
      data: {
        labels: terms.map((term) => named("term", term.name)),
        datasets: [
          { data: terms.map((term) => term.contribution), backgroundColor: terms.map((term) => colour(term.contribution >= 0 ? 0 : 4)) },
        ],
      },
      options: { indexAxis: "y", plugins: { legend: { display: false } } },
    };
  }, [item, lang]);
  return (
    <Dialog title={t("whyTitle")} onClose={onClose}>
      {() => <WhyBody item={item} config={config} text={text} />}
    </Dialog>
  );
}

function WhyBody({ item, config, text }: { item: FeedItem; config: ChartConfiguration; text: Loaded<Rendition> }): JSX.Element {
  const { t } = useShared();
  return (
    <>
      <p class="subject">{item.title}</p>
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
    </>
  );
}

/** A text beside the original, with what the gate said of it. */
function TextVerdict({ found, original }: { found: Rendition; original: string }): JSX.Element {
  const { t, named } = useShared();
  return (
    <>
      <dl class="pairs">
        <dt>{t("personal")}</dt>
        <dd>{found.text}</dd>
        <dt>{t("original")}</dt>
        <dd>{original}</dd>
        <dt>{t("writtenBy")}</dt>
        <dd>
          {named("source", found.source)} <span class="hint">({found.writer})</span>{found.note ? ` · ${found.note}` : ""}
        </dd>
        {found.ground && (
          <>
            <dt>{t("ground")}</dt>
            <dd>{found.ground.title}</dd>
          </>
        )}
        <dt>{t("gate")}</dt>
        <dd>
          <strong class={found.verdict.passed ? "good" : "bad"}>{t(found.verdict.passed ? "passed" : "failed")}</strong>
          {found.rejected > 0 && ` · ${found.rejected} ${t("rejected")}`}
          <ul class="checks">
            {found.verdict.checks.map((check) => (
              <li key={check.name} class={check.passed ? "good" : "bad"}>
                {check.passed ? "✓" : "✗"} {named("check", check.name)} {check.detail}
              </li>
            ))}
          </ul>
        </dd>
      </dl>
    </>
  );
}

