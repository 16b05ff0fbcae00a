// Small parts that several pages share.
import type { ComponentChildren, JSX, RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { ApiError, Term } from "./api";
import { type Loaded, useShared } from "./context";

/** The API's own words of what went wrong, and a retry. */
export function Wrong({ error, again }: { error: ApiError | undefined; again?: () => void }): JSX.Element | null {
  const { t } = useShared();
  if (error === undefined) return null;
  const { problem } = error;
  const said = problem.status === 0 ? t("down") : problem.status === 403 ? t("forbidden") : problem.errors ? "" : problem.detail;
  return (
    <div class="problem" role="alert">
      <strong>{problem.status === 0 ? "" : problem.title}</strong> <span>{said}</span>
      {problem.errors && (
        <ul>
          {problem.errors.map((one) => (
            <li key={one.path}>
              <code>{one.path || "/"}</code> {one.message}
            </li>
          ))}
        </ul>
      )}
      {again && (
        <button type="button" class="quiet" onClick={again}>
          {t("retry")}
        </button>
      )}
    </div>
  );
}

/** What was loaded, or that it is being loaded, or what went wrong with it. */
export function Waiting<T>({ of, children }: { of: Loaded<T>; children: (value: T) => ComponentChildren }): JSX.Element {
  const { t } = useShared();
  return (
    <>
      <Wrong error={of.error} again={of.again} />
      {of.value === undefined ? of.busy && <p class="empty">{t("loading")}</p> : children(of.value)}
    </>
  );
}

export function Card({ title, children, actions }: { title: string; children: ComponentChildren; actions?: ComponentChildren }): JSX.Element {
  return (
    <section class="card">
      <header>
        <h2>{title}</h2>
        {actions}
      </header>
      {children}
    </section>
  );
}

/** A dialog that the browser itself keeps the keyboard in, and that Escape closes; the focus goes back where it was. */
export function Dialog({ title, onClose, children }: {
  title: string;
  onClose: () => void;
  children: (close: () => void) => ComponentChildren;
}): JSX.Element {
  const { t } = useShared();
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => element.current?.showModal(), []);
  const close = (): void => element.current?.close();
  return (
    <dialog ref={element} onClose={onClose} aria-label={title}>
      <header>
        <h2>{title}</h2>
        <button type="button" class="quiet" onClick={close}>
          {t("close")}
        </button>
      </header>
      {children(close)}
    </dialog>
  );
}

export function Table({ head, rows, caption, class: kind }: {
  head: string[];
  rows: ComponentChildren[][];
  caption: string;
  class?: string;
}): JSX.Element {
  return (
    <div class={`scroll ${kind ?? ""}`} tabIndex={0} role="region" aria-label={caption}>
      <table>
        <caption class="unseen">{caption}</caption>
        <thead>
          <tr>
            {head.map((one) => (
              <th key={one} scope="col">
                {one}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, number) => (
            <tr key={number}>
              {row.map((cell, column) => (column === 0 ? <th key={column} scope="row">{cell}</th> : <td key={column}>{cell}</td>))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** A score's terms with their sum, in numbers. */
export function Terms({ terms, score }: { terms: Term[]; score: number }): JSX.Element {
  const { t, named } = useShared();
  const sum = terms.reduce((total, term) => total + term.contribution, 0);
  const rows = [...terms]
    .sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution))
    .map((term) => [
      <>
        {named("term", term.name)} {term.group !== term.name && <span class="hint">· {named("group", term.group)}</span>}
      </>,
      number(term.value, 3),
      <span class="contribution">{signed(term.contribution)}</span>,
    ]);
  return (
    <>
      <Table caption={t("whyTitle")} head={[t("term"), t("value"), t("contribution")]} rows={rows} />
      <p class="total">
        <span>
          {t("sum")} <output class="sum">{number(sum, 4)}</output>
        </span>
        <span>
          {t("score")} <output class="score">{number(score, 4)}</output>
        </span>
      </p>
    </>
  );
}

/** Gives the keyboard's focus to ``place`` when what had it is gone from the page; call the result before that. */
export function useFocusKept(place: RefObject<HTMLElement>, change: unknown): () => void {
  const wanted = useRef(false);
  useEffect(() => {
    if (!wanted.current || document.activeElement !== document.body) return;
    wanted.current = false;
    place.current?.focus({ preventScroll: true });
  }, [change]);
  return () => {
    wanted.current = true;
  };
}

/** Whether ``place`` has come near the part of the page that is seen. */
export function useSeen(place: RefObject<HTMLElement>): boolean {
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    if (seen || place.current === null) return;
    const observer = new IntersectionObserver(([entry]) => entry?.isIntersecting && setSeen(true), { rootMargin: "200px" });
    observer.observe(place.current);
    return () => observer.disconnect();
  }, [seen]);
  return seen;
}

export const number = (value: number | null | undefined, digits = 2): string =>
  value === null || value === undefined ? "–" : value.toFixed(digits);
export const signed = (value: number): string => `${value >= 0 ? "+" : "−"}${Math.abs(value).toFixed(4)}`;
export const percent = (value: number | null | undefined, digits = 1): string =>
  value === null || value === undefined ? "–" : `${(value * 100).toFixed(digits)} %`;
export const when = (iso: string | null | undefined, lang: string): string =>
  iso ? new Intl.DateTimeFormat(lang === "zh" ? "zh-CN" : "en-GB", { dateStyle: "medium", timeStyle: "short" }).format(new Date(iso)) : "–";
