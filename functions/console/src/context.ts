// What every page knows: the language, the domain, the reader.
import { createContext } from "preact";
import { useCallback, useContext, useEffect, useRef, useState } from "preact/hooks";
import { ApiError, type DomainInfo } from "./api";
import { type Lang, type Word, known, words } from "./i18n";

export interface Shared {
  lang: Lang;
  domain: string;
  domains: DomainInfo[];
  isDark: boolean;
  reader: string;
  setReader: (id: string) => void;
}

export const Context = createContext<Shared>({ lang: "en", domain: "news", domains: [], isDark: false, reader: "", setReader: () => {} });

export interface Spoken extends Shared {
  t: (word: Word, fill?: string) => string;
  /** What the API calls ``name``, such as a term or a basis, in the visitor's words where there are any. */
  named: (kind: string, name: string) => string;
  topic: (name: string) => string;
  /** A segment's label, which is its topics. */
  segment: (label: string) => string;
}

export function useShared(): Spoken {
  const shared = useContext(Context);
  const labels = shared.domains.find((one) => one.name === shared.domain)?.topics;
  const t = words(shared.lang);
  const topic = (name: string): string => labels?.[name]?.[shared.lang] ?? name;
  return {
    ...shared,
    t,
    named: (kind, name) => {
      const word = `${kind}_${name}`;
      return known(word) ? t(word) : name;
    },
    topic,
    segment: (label) => label.split(" & ").map(topic).join(" & "),
  };
}

export interface Loaded<T> {
  value: T | undefined;
  error: ApiError | undefined;
  busy: boolean;
  again: () => void;
}

const RETRY_MS = 3_000;

/** Calls the API, keeps what it said last, and calls again by itself while it does not answer or has no time. */
export function useLoaded<T>(load: () => Promise<T> | undefined, inputs: unknown[]): Loaded<T> {
  const [value, setValue] = useState<T>();
  const [error, setError] = useState<ApiError>();
  const [busy, setBusy] = useState(false);
  const [round, setRound] = useState(0);
  const latest = useRef(0);
  const again = useCallback(() => setRound((n) => n + 1), []);
  useEffect(() => {
    const mine = ++latest.current;
    const promise = load();
    if (promise === undefined) {
      setValue(undefined);
      setError(undefined);
      return;
    }
    setBusy(true);
    let timer: ReturnType<typeof setTimeout> | undefined;
    promise
      .then((found) => {
        if (mine !== latest.current) return; // a later call was made meanwhile
        setValue(found);
        setError(undefined);
      })
      .catch((wrong: unknown) => {
        if (mine !== latest.current) return;
        if (!(wrong instanceof ApiError)) throw wrong;
        setError(wrong);
        if (wrong.temporary) timer = setTimeout(again, RETRY_MS);
        else setValue(undefined);
      })
      .finally(() => mine === latest.current && setBusy(false));
    return () => clearTimeout(timer);
  }, [...inputs, round]);
  return { value, error, busy, again };
}

/** A call that a button makes. Its problem is shown beside it until the next try, which comes by itself where that may help. */
export function useAction(): { error: ApiError | undefined; busy: boolean; run: (act: () => Promise<void>) => void; last: () => void } {
  const [error, setError] = useState<ApiError>();
  const [busy, setBusy] = useState(false);
  const kept = useRef<() => Promise<void>>();
  const timer = useRef<ReturnType<typeof setTimeout>>();
  useEffect(() => () => clearTimeout(timer.current), []);
  const run = (act: () => Promise<void>): void => {
    kept.current = act;
    clearTimeout(timer.current);
    setBusy(true);
    setError(undefined);
    act()
      .catch((wrong: unknown) => {
        if (!(wrong instanceof ApiError)) throw wrong;
        setError(wrong);
        // Every call of the console may be made twice: events carry their ids, the rest sets or removes.
        if (wrong.temporary) timer.current = setTimeout(() => run(act), RETRY_MS);
      })
      .finally(() => setBusy(false));
  };
  return { error, busy, run, last: () => kept.current && run(kept.current) };
}
