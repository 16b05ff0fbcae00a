// The frame: sign in, navigation, language, theme, domain; the page follows the address's hash.
import { render, type JSX } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { ApiError, type DomainInfo, api, credentials, setCredentials } from "./api";
import { Context, type Shared } from "./context";
import { type Lang, type Word, preferred, words } from "./i18n";
import { ComparePage } from "./pages/compare";
import { ContentPage } from "./pages/content";
import { InsightPage } from "./pages/insight";
import { MePage } from "./pages/me";
import { ReaderPage } from "./pages/reader";
import { SegmentsPage } from "./pages/segments";
import { Wrong } from "./ui";

const PAGES = { reader: ReaderPage, me: MePage, segments: SegmentsPage, content: ContentPage, insight: InsightPage, compare: ComparePage };
type Page = keyof typeof PAGES;
const NAMES = Object.keys(PAGES) as Page[];
const RETRY_MS = 3_000;
const DARK = matchMedia("(prefers-color-scheme: dark)");

/** A key in the address signs in, and is taken out of it at once, so that no history keeps it. */
function keyFromAddress(): void {
  const found = /^#key=(.+)$/.exec(location.hash);
  if (found?.[1]) {
    setCredentials(found[1]);
    history.replaceState(null, "", `${location.pathname}#/reader`);
  }
}

function pageNow(): Page {
  const name = location.hash.replace(/^#\//, "");
  return (NAMES as string[]).includes(name) ? (name as Page) : "reader";
}

function newReader(): string {
  return `reader-${crypto.randomUUID().slice(0, 8)}`;
}

function SignIn({ lang, onDone, error }: { lang: Lang; onDone: () => void; error: ApiError | undefined }): JSX.Element {
  const t = words(lang);
  const [key, setKey] = useState("");
  return (
    <form
      class="card sign-in"
      onSubmit={(event) => {
        event.preventDefault();
        setCredentials(key.trim());
        onDone();
      }}
    >
      <h2>{t("signIn")}</h2>
      <label>
        {t("key")}
        <input type="password" autocomplete="off" required value={key} onInput={(event) => setKey(event.currentTarget.value)} />
      </label>
      <p class="hint">{t("keyHelp")}</p>
      <Wrong error={error} />
      <button type="submit">{t("signIn")}</button>
    </form>
  );
}

function App(): JSX.Element {
  const [lang, setLang] = useState<Lang>(preferred);
  const [page, setPage] = useState<Page>(pageNow);
  const [dark, setDark] = useState<string | null>(localStorage.getItem("feedsmith-theme"));
  const [domains, setDomains] = useState<DomainInfo[]>([]);
  const [domain, setDomain] = useState(localStorage.getItem("feedsmith-domain") ?? "news");
  const [reader, setReader] = useState(sessionStorage.getItem("feedsmith-reader") ?? newReader());
  const [error, setError] = useState<ApiError>();
  const [round, setRound] = useState(0);
  const [systemDark, setSystemDark] = useState(DARK.matches);
  const t = words(lang);

  useEffect(() => {
    const follow = (): void => {
      if (location.hash.startsWith("#key=")) {
        keyFromAddress();
        setRound((n) => n + 1);
      }
      setPage(pageNow());
    };
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  useEffect(() => {
    document.documentElement.lang = lang === "zh" ? "zh-CN" : "en";
    document.title = `${t(page)} · feedsmith`;
  }, [lang, page]);
  useEffect(() => {
    if (dark === null) delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = dark;
  }, [dark]);
  useEffect(() => {
    const follow = (): void => setSystemDark(DARK.matches);
    DARK.addEventListener("change", follow);
    return () => DARK.removeEventListener("change", follow);
  }, []);
  useEffect(() => sessionStorage.setItem("feedsmith-reader", reader), [reader]);
  useEffect(() => {
    if (!credentials()) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    api
      .domains()
      .then(({ domains: found }) => {
        setDomains(found);
        setError(undefined);
      })
      .catch((wrong: unknown) => {
        if (!(wrong instanceof ApiError)) throw wrong;
        setError(wrong);
        if (wrong.problem.status === 401) {
          setCredentials("");
          setDomains([]);
        }
        if (wrong.temporary) timer = setTimeout(() => setRound((n) => n + 1), RETRY_MS);
      });
    return () => clearTimeout(timer);
  }, [round]);

  const isDark = dark === null ? systemDark : dark === "dark";
  const shared = useMemo<Shared>(
    () => ({ lang, domain, domains, isDark, reader, setReader }),
    [lang, domain, domains, isDark, reader],
  );
  const Shown = PAGES[page];
  const signedIn = Boolean(credentials());

  return (
    <Context.Provider value={shared}>
      <a class="skip" href="#main" onClick={(event) => { event.preventDefault(); document.getElementById("main")?.focus(); }}>
        {t("skip")}
      </a>
      <header class="top">
        <h1>feedsmith</h1>
        {signedIn && (
          <nav aria-label={t("pages")}>
            {NAMES.map((name) => (
              <a key={name} href={`#/${name}`} aria-current={name === page ? "page" : undefined}>
                {t(name as Word)}
              </a>
            ))}
          </nav>
        )}
        <div class="tools">
          {domains.length > 0 && (
            <select
              aria-label={t("domain")}
              value={domain}
              onChange={(event) => {
                setDomain(event.currentTarget.value);
                localStorage.setItem("feedsmith-domain", event.currentTarget.value);
              }}
            >
              {domains.map((one) => (
                <option key={one.name} value={one.name}>
                  {one.label[lang]}
                </option>
              ))}
            </select>
          )}
          <button
            type="button"
            class="quiet"
            lang={lang === "zh" ? "en" : "zh-CN"}
            onClick={() => {
              const other = lang === "zh" ? "en" : "zh";
              localStorage.setItem("feedsmith-language", other);
              setLang(other);
            }}
          >
            {t("language")}
          </button>
          <button
            type="button"
            class="quiet"
            aria-label={t("theme")}
            aria-pressed={isDark}
            onClick={() => {
              localStorage.setItem("feedsmith-theme", isDark ? "light" : "dark");
              setDark(isDark ? "light" : "dark");
            }}
          >
            {isDark ? "☾" : "☀"}
          </button>
          {signedIn && (
            <button
              type="button"
              class="quiet"
              onClick={() => {
                setCredentials("");
                setDomains([]);
                setRound((n) => n + 1);
              }}
            >
              {t("signOut")}
            </button>
          )}
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        {!signedIn ? (
          <SignIn lang={lang} error={error} onDone={() => setRound((n) => n + 1)} />
        ) : (
          <>
            <Wrong error={error?.temporary ? undefined : error} again={() => setRound((n) => n + 1)} />
            <Shown key={page} newReader={newReader} />
          </>
        )}
      </main>
    </Context.Provider>
  );
}

keyFromAddress();
const root = document.getElementById("app");
if (root !== null) {
  root.textContent = "";
  render(<App />, root);
}
