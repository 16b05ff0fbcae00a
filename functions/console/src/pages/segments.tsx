// Segments on a map of tastes, and in a table.
import type { ChartConfiguration } from "chart.js";
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { type SegmentMap, api } from "../api";
import { Plot, colour } from "../chart";
import { useLoaded, useShared } from "../context";
import { Card, Table, Waiting, number, percent, when } from "../ui";

function configOf(map: SegmentMap, named: (label: string) => string): ChartConfiguration {
  return {
    type: "scatter",
    data: {
      datasets: map.segments.flatMap((segment, place) => [
        {
          label: `${segment.id}: ${named(segment.label)}`,
          data: map.users.filter((user) => user.segment === segment.id).map(({ x, y }) => ({ x, y })),
          backgroundColor: `${colour(place)}99`,
          pointRadius: 4,
        },
        { label: `◆ ${segment.id}`, data: [{ x: segment.x, y: segment.y }], backgroundColor: colour(place), pointStyle: "rectRot", pointRadius: 9 },
      ]),
    },
    options: {
      plugins: { legend: { labels: { filter: (item) => !item.text.startsWith("◆"), usePointStyle: true } }, tooltip: { enabled: false } },
      scales: { x: { ticks: { display: false } }, y: { ticks: { display: false } } },
    },
  };
}

export function SegmentsPage(): JSX.Element {
  const { t, domain, lang, topic, segment } = useShared();
  const segments = useLoaded(() => api.segments(domain), [domain]);
  const map = useLoaded(() => api.segmentMap(domain), [domain]);
  const config = useMemo(() => map.value && configOf(map.value, segment), [map.value, lang]);
  return (
    <>
      <Card title={t("map")}>
        <Waiting of={map}>
          {(found) =>
            found.segments.length === 0 ? (
              <p class="empty">{t("noSegments")}</p>
            ) : (
              <>
                {config && <Plot config={config} label={t("map")} height={420} />}
                <p class="hint">{t("mapHelp", percent(found.explained, 0))}</p>
              </>
            )
          }
        </Waiting>
      </Card>
      <Card title={t("segments")}>
        <Waiting of={segments}>
          {({ segments: found }) =>
            found.length === 0 ? (
              <p class="empty">{t("noSegments")}</p>
            ) : (
              <>
                <Table
                  caption={t("segments")}
                  class="figures"
                  head={[t("segment"), t("label"), t("size"), t("before"), t("drift"), t("topics")]}
                  rows={found.map((one) => [
                    one.id,
                    segment(one.label),
                    `${one.size} (${percent(one.share, 0)})`,
                    one.size_before ?? t("isNew"),
                    number(one.drift, 3),
                    Object.entries(one.topics)
                      .sort(([, a], [, b]) => b - a)
                      .slice(0, 3)
                      .map(([name, share]) => `${topic(name)} ${percent(share, 0)}`)
                      .join(", "),
                  ])}
                />
                <p class="hint">{when(found[0]?.computed_at, lang)}</p>
              </>
            )
          }
        </Waiting>
      </Card>
    </>
  );
}
