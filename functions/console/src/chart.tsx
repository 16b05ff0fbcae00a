// Charts by Chart.js, in the page's own colours; beside each stands a table for those who do not see it.
import {
  BarController, BarElement, BubbleController, CategoryScale, Chart, type ChartConfiguration, Filler, Legend, LinearScale, LineController,
  LineElement, PointElement, ScatterController, Tooltip,
} from "chart.js";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { useShared } from "./context";

Chart.register(
  BarController, BarElement, BubbleController, CategoryScale, Filler, Legend, LinearScale, LineController, LineElement, PointElement,
  ScatterController, Tooltip,
);

/** Colours that are told apart by those who see few (Okabe and Ito, 2008). */
export const COLOURS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#f0e442", "#888888"];

export const colour = (place: number): string => COLOURS[place % COLOURS.length] ?? "#888888";

export function Plot({ config, label, height = 260 }: { config: ChartConfiguration; label: string; height?: number }): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { isDark } = useShared();
  useEffect(() => {
    if (canvas.current === null) return;
    const style = getComputedStyle(document.documentElement);
    Chart.defaults.color = style.getPropertyValue("--text");
    Chart.defaults.borderColor = style.getPropertyValue("--line");
    Chart.defaults.font.family = style.getPropertyValue("--font");
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const chart = new Chart(canvas.current, {
      ...config,
      options: { ...config.options, responsive: true, maintainAspectRatio: false, ...(still ? { animation: false as const } : {}) },
    });
    return () => chart.destroy();
  }, [config, isDark]);
  return (
    <div class={height > 300 ? "plot tall" : "plot"}>
      <canvas ref={canvas} role="img" aria-label={label} />
    </div>
  );
}
