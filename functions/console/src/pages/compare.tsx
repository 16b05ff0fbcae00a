// Two readers of one catalogue, side by side.
import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import { type Slate, api } from "../api";
import { type Loaded, useLoaded, useShared } from "../context";
import { Card, Waiting, number, useSeen } from "../ui";

export function ComparePage(): JSX.Element {
  const { t, lang, domain, reader } = useShared();
  const [left, setLeft] = useState(reader);
  const [right, setRight] = useState("somebody-else");
  const [asked, setAsked] = useState({ left: reader, right: "somebody-else" });
  const feeds = [
    useLoaded(() => api.feed(asked.left, domain, lang), [asked.left, domain, lang]),
    useLoaded(() => api.feed(asked.right, domain, lang), [asked.right, domain, lang]),
  ] as const;
  const ids = feeds.map((feed) => new Set(feed.value?.items.map((item) => item.item_id)));
  const both = [...(ids[0] ?? [])].filter((id) => ids[1]?.has(id)).length;
  return (
    <>
      <p class="hint">{t("compareHelp")}</p>
      <form
        class="bar"
        onSubmit={(event) => {
          event.preventDefault();
          setAsked({ left: left.trim(), right: right.trim() });
        }}
      >
        <label>
          {t("left")}
          <input value={left} maxLength={128} required onInput={(event) => setLeft(event.currentTarget.value)} />
        </label>
        <label>
          {t("right")}
          <input value={right} maxLength={128} required onInput={(event) => setRight(event.currentTarget.value)} />
        </label>
        <button type="submit">{t("show")}</button>
      </form>
      <p aria-live="polite">
        {t("overlap")}: {both}
      </p>
      <div class="columns">
        <Side reader={asked.left} feed={feeds[0]} others={ids[1]} />
        <Side reader={asked.right} feed={feeds[1]} others={ids[0]} />
      </div>
    </>
  );
}

function Side({ reader, feed, others }: { reader: string; feed: Loaded<Slate>; others: Set<string> | undefined }): JSX.Element {
  const { named } = useShared();
  return (
    <Card title={reader}>
      <Waiting of={feed}>
        {(slate) => (
          <>
            <p class="hint">
              {named("basis", slate.basis)} · {slate.model_version}
              {slate.variants && Object.entries(slate.variants).map(([name, variant]) => ` · ${name}: ${variant}`)}
            </p>
            <ol class="feed">
              {slate.items.map((item) => (
                <SideItem key={item.item_id} reader={reader} item={item} shared={others?.has(item.item_id) ?? false} />
              ))}
            </ol>
          </>
        )}
      </Waiting>
    </Card>
  );
}

function SideItem({ reader, item, shared }: { reader: string; item: Slate["items"][number]; shared: boolean }): JSX.Element {
  const { t, lang } = useShared();
  const place = useRef<HTMLLIElement>(null);
  const seen = useSeen(place);
  const text = useLoaded(() => (seen ? api.headline(reader, item.item_id, lang) : undefined), [reader, item.item_id, lang, seen]);
  const shown = text.value?.text ?? item.title;
  return (
    <li ref={place} class={shared ? "shared" : undefined} data-item={item.item_id}>
      <h3>{shown}</h3>
      {shown !== item.title && <p class="original">{item.title}</p>}
      <p class="meta">
        {t(shared ? "shared" : "onlyHere")} · {number(item.score, 3)} · {item.reasons[0]?.text ?? ""}
      </p>
    </li>
  );
}
