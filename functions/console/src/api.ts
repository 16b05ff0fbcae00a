// The API as the console uses it: one function a call, problems as exceptions.

export interface Problem {
  title: string;
  status: number;
  detail: string;
  errors?: { path: string; message: string }[];
}

/** What the API said of a call that went wrong; status 0: it did not answer. */
export class ApiError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail || problem.title);
  }

  /** Whether the same call may well go right in a moment. */
  get temporary(): boolean {
    return [0, 429, 502, 503, 504].includes(this.problem.status);
  }
}

export interface Local {
  en: string;
  zh: string;
}

export interface DomainInfo {
  name: string;
  label: Local;
  topics: Record<string, Local>;
  languages: string[];
}

export interface Term {
  name: string;
  group: string;
  value: number;
  contribution: number;
}

export interface Topic {
  name: string;
  score: number;
}

export interface FeedItem {
  item_id: string;
  title: string;
  url: string | null;
  provider: string | null;
  topics: Topic[];
  published_at: string | null;
  position: number;
  score: number;
  terms: Term[];
  reasons: { term: string; text: string; item_id: string | null }[];
  propensity: number;
  explored: boolean;
}

export interface Slate {
  slate_id: string;
  domain: string;
  basis: string;
  model_version: string;
  variants?: Record<string, string>;
  items: FeedItem[];
}

export interface Rendition {
  kind: string;
  text: string;
  language: string | null;
  source: string;
  audience: string;
  ground: { item_id: string; title: string } | null;
  verdict: { passed: boolean; checks: { name: string; passed: boolean; detail: string }[] };
  rejected: number;
  writer: string;
  cached: boolean;
  note: string | null;
  disclaimer: string | null;
}

export interface Indexed {
  item: {
    id: string;
    title: string;
    body: string;
    url: string | null;
    provider: string | null;
    categories: string[];
    published_at: string | null;
  };
  understanding: {
    language: string | null;
    topics: Topic[];
    keywords: string[];
    sentiment: number | null;
    entities: { text: string; kind: string }[];
    quality: string[];
    method: string;
  };
  stats: { counts: Record<string, number> };
}

export interface Consent {
  profiling: { allowed: boolean; decided_by: string };
  generation: { allowed: boolean; decided_by: string };
  analytics: { allowed: boolean; decided_by: string };
}

export interface Tags {
  domains: Record<string, { tag: string; label: string; weight: number; items: number }[]>;
  removed: string[];
}

export interface NotInterested {
  items: string[];
  tags: string[];
}

export interface Profile {
  interactions: number;
  interests: { label: string; weight: number; newest_title: string }[];
  topics: Record<string, number>;
  segment: string | null;
  segment_label: string | null;
  updated_at: string;
}

export interface SegmentInfo {
  id: string;
  label: string;
  size: number;
  share: number;
  topics: Record<string, number>;
  size_before: number | null;
  drift: number | null;
  silhouette: number | null;
  computed_at: string;
}

export interface SegmentMap {
  explained: number;
  segments: { id: string; label: string; size: number; x: number; y: number }[];
  users: { x: number; y: number; segment: string }[];
}

export interface Ingestion {
  id: string;
  status: "planning" | "running" | "succeeded" | "failed";
  chunks: number | null;
  chunks_done: number;
  indexed: number;
  unchanged: number;
  rejected: number;
  reason: string | null;
}

export interface Estimate {
  value: number | null;
  low: number | null;
  high: number | null;
}

export interface Figures {
  group: string | null;
  day: string | null;
  users: number;
  impressions: number;
  clicks: number;
  conversions: number;
  ratings: number;
  ctr: Estimate;
  cvr: Estimate;
  usat: Estimate;
  age_hours: Estimate;
  exposure_share: number | null;
  click_share: number | null;
  exposure_per_merit: number | null;
}

export interface Metrics {
  counted_at: string;
  least_users: number;
  rows: Figures[];
  coverage: { shown: number; catalogue: number; share: number | null };
  texts: {
    tokens: number;
    cost: number | null;
    cost_per_click: number | null;
    texts: number;
    cached: number;
    cached_share: number | null;
  };
}

export interface ExperimentResult {
  experiment: { id: string; started_at: string | null; stopped_at: string | null };
  method: string;
  split_p: number | null;
  arms: { variant: string; share: number; users: number | null; value: Estimate }[];
  contrasts: { variant: string; verdict: string; why: string; says: string; lift: number | null; low: number | null; high: number | null }[];
}

export interface LoggedEvent {
  user_id: string;
  item_id: string;
  type: string;
  at: string;
  event_id: string;
  slate_id?: string;
  position?: number;
  propensity?: number;
  model_version?: string;
  value?: number;
}

// The console lies at {base}/console, and the API at {base}/v1, whatever stage or proxy is in front of both.
const BASE = location.pathname.replace(/\/console.*$/, "");
const KEY = "feedsmith-key";

export function credentials(): string {
  return sessionStorage.getItem(KEY) ?? "";
}

export function setCredentials(key: string): void {
  if (key) sessionStorage.setItem(KEY, key);
  else sessionStorage.removeItem(KEY);
}

type Query = Record<string, string | number | boolean | undefined>;

export async function call<T>(method: string, path: string, query: Query = {}, body?: unknown): Promise<T> {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== "") search.set(name, String(value));
  }
  // A key has none but ASCII letters; encoded, a slip of the keyboard gets the API's own answer.
  const headers: Record<string, string> = { Authorization: `Bearer ${encodeURI(credentials())}` };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let answer: Response;
  try {
    answer = await fetch(`${BASE}${path}${search.size ? `?${search}` : ""}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch {
    throw new ApiError({ title: "Unreachable", status: 0, detail: "" });
  }
  const text = await answer.text();
  if (answer.ok) return (text ? JSON.parse(text) : undefined) as T;
  let problem: Problem;
  try {
    problem = JSON.parse(text) as Problem;
  } catch {
    problem = { title: answer.statusText, status: answer.status, detail: text.slice(0, 200) };
  }
  throw new ApiError({ ...problem, status: answer.status });
}

/** What a call gives, or undefined where there is none: to have none is no error. */
export async function ifAny<T>(calling: Promise<T>): Promise<{ found: T | undefined }> {
  try {
    return { found: await calling };
  } catch (wrong) {
    if (wrong instanceof ApiError && wrong.problem.status === 404) return { found: undefined };
    throw wrong;
  }
}

const user = (id: string): string => `/v1/users/${encodeURIComponent(id)}`;

export const api = {
  domains: () => call<{ domains: DomainInfo[] }>("GET", "/v1/domains"),
  feed: (id: string, domain: string, language: string, limit = 10) =>
    call<Slate>("GET", `${user(id)}/recommendations`, { domain, language, limit }),
  headline: (id: string, item_id: string, language: string) =>
    call<Rendition>("POST", `${user(id)}/texts`, {}, { kind: "headline", item_id, language }),
  events: (events: LoggedEvent[]) =>
    call<{ accepted: number; duplicates: number; ignored: number }>("POST", "/v1/events", {}, { events }),
  profile: (id: string, domain: string) => call<Profile>("GET", `${user(id)}/profile`, { domain }),
  consent: (id: string) => call<Consent>("GET", `${user(id)}/consent`),
  setConsent: (id: string, choice: Record<string, boolean>) => call<Consent>("PUT", `${user(id)}/consent`, {}, choice),
  tags: (id: string, language: string) => call<Tags>("GET", `${user(id)}/tags`, { language }),
  removeTag: (id: string, tag: string) => call<Tags>("DELETE", `${user(id)}/tags/${encodeURIComponent(tag)}`),
  restoreTag: (id: string, tag: string) => call<Tags>("PUT", `${user(id)}/tags/${encodeURIComponent(tag)}`),
  notInterested: (id: string, what: { item_id?: string; tag?: string; undo?: boolean }) =>
    call<NotInterested>("POST", `${user(id)}/not-interested`, {}, what),
  exportPage: (id: string, cursor?: string) =>
    call<{ cursor: string | null; profiles: unknown[]; records: unknown[] }>("GET", `${user(id)}/export`, { cursor }),
  erase: (id: string) => call<{ proof: string | null }>("DELETE", user(id)),
  items: (domain: string, q: string) => call<{ items: Indexed[] }>("GET", "/v1/items", { domain, q, limit: 20 }),
  item: (id: string) => call<Indexed>("GET", `/v1/items/${encodeURIComponent(id)}`),
  similar: (id: string) =>
    call<{ items: { item_id: string; title: string; similarity: number }[] }>(
      "GET", `/v1/items/${encodeURIComponent(id)}/similar`, { limit: 5 },
    ),
  upload: (domain: string, name: string, content: string) =>
    call<{ ingestion_id: string }>("POST", "/v1/uploads", {}, { domain, name, content }),
  ingestion: (id: string) => call<Ingestion>("GET", `/v1/ingestions/${encodeURIComponent(id)}`),
  rejects: (id: string) =>
    call<{ rows: { line: number; reason: string; row: string }[]; more: boolean }>(
      "GET", `/v1/ingestions/${encodeURIComponent(id)}/rejects`, { limit: 50 },
    ),
  segments: (domain: string) => call<{ segments: SegmentInfo[] }>("GET", "/v1/segments", { domain }),
  segmentMap: (domain: string) => call<SegmentMap>("GET", "/v1/segments/map", { domain }),
  metrics: (domain: string, by: string | undefined) => call<Metrics>("GET", "/v1/insight/metrics", { domain, by }),
  experiments: () => call<{ experiments: ExperimentResult[] }>("GET", "/v1/insight/experiments"),
};
