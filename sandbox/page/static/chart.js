// A line chart by uPlot, in the page's colours, with its last values as text for screen readers.

import { h } from "./dom.js";

const COLOURS = ["--accent", "--warn", "--good", "--bad", "--quiet", "--text"];
const HEIGHT = 180;
const DIGITS = new Intl.NumberFormat("en", { maximumSignificantDigits: 4 });

const colour = (name) => {
  const probe = h("span", { hidden: true });
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
};

export function chart(title, labels) {
  const summary = h("p", { class: "skip" });
  const place = h("div", {});
  const element = h("figure", { class: "panel", "aria-label": title }, h("h3", {}, title), place, summary);
  element.style.margin = "0";
  let plot = null;
  let range;
  const clock = (at, step) => new Date(at * 1000).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", second: step < 60 ? "2-digit" : undefined });
  const time = () => ({ ...axis(), size: 34, values: (_, at, __, ___, step) => at.map((each) => clock(each, step)) });
  const axis = () => ({ stroke: colour("--quiet"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line"), width: 1 } });
  const size = () => ({ width: Math.max(180, element.clientWidth - 28), height: HEIGHT });
  const resized = new ResizeObserver(() => plot?.setSize(size()));
  resized.observe(element);
  return {
    element,
    // `shown` is the time on the axis, [from, to] in epoch seconds; without it, that of the data.
    set(times, lines, shown) {
      range = shown;
      if (!element.isConnected) return;
      if (!window.uPlot) summary.className = "quiet"; // the library did not load: the values remain
      else if (!plot) {
        plot = new uPlot({
          ...size(),
          axes: [time(), { ...axis(), size: 56 }],
          series: [{ label: "at", value: (_, at) => (at == null ? "–" : clock(at, 1)) }, ...labels.map((label, index) => ({ label, value: (_, value) => (value == null ? "–" : DIGITS.format(value)), stroke: colour(COLOURS[index % COLOURS.length]), width: 1.5, points: { show: (self) => self.data[0].length < 3 } }))],
          scales: { x: { range: (_, low, high) => range ?? [low, high] }, y: { range: (_, low, high) => [Math.min(0, low ?? 0), (high ?? 0) > 0 ? high * 1.05 : 1] } },
        }, [times, ...lines], place);
      } else plot.setData([times, ...lines]);
      // The legend has the last values, and while the pointer is over the chart those under it. uPlot draws in a
      // microtask, which would empty it.
      queueMicrotask(() => { if (plot && !(plot.cursor.left >= 0)) plot.setLegend({ idx: times.length ? times.length - 1 : null }, false); });
      const last = (line) => line.findLast((value) => value != null);
      summary.textContent = labels.map((label, index) => `${label}: ${last(lines[index]) ?? "no data"}`).join("; ");
    },
    close() { resized.disconnect(); plot?.destroy(); plot = null; },
  };
}
