// Figures to steer by: over time, by group, and what experiments came to.
import type { ChartConfiguration } from "chart.js";
import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import { type Estimate, type Figures, api, ifAny } from "../api";
import { Plot, colour } from "../chart";
import { useLoaded, useShared } from "../context";
import type { Word } from "../i18n";
import { Card, Table, Waiting, number, percent, when } from "../ui";

const GROUPS = ["variant", "segment", "provider", "category"] as const;
const SHOWN = ["ctr", "cvr", "usat"] as const;

const dollars = (one: number | null): string =>
  one === null ? "–" : new Intl.NumberFormat("en", { style: "currency", currency: "USD", maximumSignificantDigits: 2 }).format(one);
const ranged = (one: Estimate): string =>
  one.value === null ? "–" : `${percent(one.value)} [${percent(one.low)}, ${percent(one.high)}]`;

function configOf(rows: Figures[], figure: (typeof SHOWN)[number], label: string): ChartConfiguration {
  const days = rows.filter((row) => row.day !== null).sort((a, b) => String(a.day).localeCompare(String(b.day)));
  const line = (pick: keyof Estimate) => days.map((row) => row[figure][pick]);
  return {
    type: "line",
    data: {
      labels: days.map((row) => row.day),
      datasets: [
        { label, data: line("value"), borderColor: colour(0), backgroundColor: colour(0), tension: 0.2 },
        { label: "95 % −", data: line("low"), borderColor: "transparent", pointRadius: 0 },
        { label: "95 % +", data: line("high"), borderColor: "transparent", backgroundColor: `${colour(0)}33`, pointRadius: 0, fill: "-1" },
      ],
    },
    options: { plugins: { legend: { display: false } }, scales: { y: { beginAtZero: true } } },
  };
}

export function InsightPage(): JSX.Element {
  const { t, named, segment, domain, lang } = useShared();
  const [by, setBy] = useState<(typeof GROUPS)[number]>("segment");
  const [figure, setFigure] = useState<(typeof SHOWN)[number]>("ctr");
  const whole = useLoaded(() => ifAny(api.metrics(domain, undefined)), [domain]);
  const counted = whole.value?.found !== undefined;
  const daily = useLoaded(() => (counted ? api.metrics(domain, "day") : undefined), [domain, counted]);
  const grouped = useLoaded(() => (counted ? api.metrics(domain, by) : undefined), [domain, by, counted]);
  const segments = useLoaded(() => api.segments(domain), [domain]);
  const experiments = useLoaded(() => api.experiments(), []);
  const groupName = (id: string): string => {
    const label = by === "segment" ? segments.value?.segments.find((one) => one.id === id)?.label : undefined;
    return label === undefined ? named("figures", id) : `${id} · ${segment(label)}`;
  };
  const config = useMemo(() => daily.value && configOf(daily.value.rows, figure, t(figure)), [daily.value, figure, lang]);
  return (
    <>
      <Card title={t("insight")}>
        <Waiting of={whole}>
          {({ found }) => {
            if (found === undefined) return <p class="empty">{t("noFigures")}</p>;
            const row = found.rows[0];
            return (
              <>
                {row === undefined && <p class="empty">{t("notCounted", String(found.least_users))}</p>}
                <dl class="tiles">
                  {row && (
                    <>
                      <Tile name={t("ctr")} value={percent(row.ctr.value)} range={row.ctr} />
                      <Tile name={t("clicks")} value={number(row.clicks, 0)} />
                      <Tile name={t("cvr")} value={percent(row.cvr.value)} range={row.cvr} />
                      <Tile name={t("usat")} value={percent(row.usat.value)} range={row.usat} />
                      <Tile name={t("freshness")} value={number(row.age_hours.value, 1)} />
                    </>
                  )}
                  <Tile name={t("costPerClick")} value={dollars(found.texts.cost_per_click)} />
                  <Tile name={t("coverage")} value={percent(found.coverage.share)} />
                  <Tile name={t("tokens")} value={String(found.texts.tokens)} />
                  <Tile name={t("cacheHits")} value={percent(found.texts.cached_share)} />
                </dl>
                <p class="hint">
                  {t("countedAt")}: {when(found.counted_at, lang)}
                </p>
              </>
            );
          }}
        </Waiting>
      </Card>
      {counted && (
        <>
          <Card
            title={t("overTime")}
            actions={
              <select aria-label={t("overTime")} value={figure} onChange={(event) => setFigure(event.currentTarget.value as typeof figure)}>
                {SHOWN.map((one) => (
                  <option key={one} value={one}>
                    {t(one)}
                  </option>
                ))}
              </select>
            }
          >
            <Waiting of={daily}>
              {(found) =>
                found.rows.length === 0 ? (
                  <p class="empty">{t("notCounted", String(found.least_users))}</p>
                ) : (
                  <>
                    {config && <Plot config={config} label={`${t(figure)}, ${t("overTime")}`} />}
                    <FiguresTable rows={found.rows} first={t("by_day")} name={(row) => row.day ?? "–"} />
                  </>
                )
              }
            </Waiting>
          </Card>
          <Card
            title={t("by")}
            actions={
              <select aria-label={t("by")} value={by} onChange={(event) => setBy(event.currentTarget.value as typeof by)}>
                {GROUPS.map((one) => (
                  <option key={one} value={one}>
                    {t(`by_${one}` as Word)}
                  </option>
                ))}
              </select>
            }
          >
            <Waiting of={grouped}>
              {(found) =>
                found.rows.length === 0 ? (
                  <p class="empty">{t("notCounted", String(found.least_users))}</p>
                ) : (
                  <FiguresTable rows={found.rows} first={t(`by_${by}` as Word)} name={(row) => groupName(row.group ?? "–")} />
                )
              }
            </Waiting>
          </Card>
        </>
      )}
      <Card title={t("experiments")}>
        <Waiting of={experiments}>
          {({ experiments: found }) =>
            found.length === 0 ? (
              <p class="empty">{t("noExperiments")}</p>
            ) : (
              <>
                {found.map((one) => (
                  <section key={one.experiment.id}>
                    <h3>{one.experiment.id}</h3>
                    <p class="hint">{one.method}</p>
                    <Table
                      caption={one.experiment.id}
                      head={[t("variant"), t("users"), t("value"), t("lift"), t("verdict")]}
                      rows={one.arms.map((arm) => {
                        const contrast = one.contrasts.find((other) => other.variant === arm.variant);
                        return [
                          arm.variant,
                          arm.users ?? "–",
                          ranged(arm.value),
                          contrast && contrast.lift !== null ? `${percent(contrast.lift)} [${percent(contrast.low)}, ${percent(contrast.high)}]` : "–",
                          contrast?.says ?? "–",
                        ];
                      })}
                    />
                  </section>
                ))}
              </>
            )
          }
        </Waiting>
      </Card>
    </>
  );
}

function Tile({ name, value, range }: { name: string; value: string; range?: Estimate }): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {value}
        {range && range.low !== null && (
          <span class="hint">
            {percent(range.low)} – {percent(range.high)}
          </span>
        )}
      </dd>
    </div>
  );
}

function FiguresTable({ rows, first, name }: { rows: Figures[]; first: string; name: (row: Figures) => string }): JSX.Element {
  const { t } = useShared();
  return (
    <Table
      caption={first}
      class="figures"
      head={[first, t("users"), t("impressions"), t("clicks"), t("ctr"), t("cvr"), t("usat"), t("fairness")]}
      rows={rows.map((row) => [
        name(row), row.users, number(row.impressions, 0), number(row.clicks, 0), ranged(row.ctr), ranged(row.cvr), ranged(row.usat),
        number(row.exposure_per_merit),
      ])}
    />
  );
}
