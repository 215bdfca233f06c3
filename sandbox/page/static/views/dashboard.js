// The deployed dashboard, drawn from its own JSON with CloudWatch's data.

import { get } from "../api.js";
import { chart } from "../chart.js";
import { h, sentence, show } from "../dom.js";

const REFRESH_MS = 10000;

export function open(root) {
  const minutes = h("select", { onchange: () => load() }, [15, 60, 180, 720].map((value) => h("option", { value, selected: value === 60 }, `${value} minutes`)));
  const place = h("div", {});
  show(root, h("div", { class: "row" }, h("h2", {}, "Dashboard"), h("label", {}, "the last", minutes)), place);
  let graphs = [];
  let closed = false;

  async function build() {
    const body = await get("dashboard");
    const parts = [];
    let grid = null;
    for (const widget of body.widgets) {
      if (widget.type === "text") {
        grid = h("div", { class: "grid" });
        parts.push(h("h2", {}, widget.properties.markdown.replace(/^#+\s*/, "")), grid);
      } else {
        if (!grid) parts.push((grid = h("div", { class: "grid" })));
        const labels = widget.properties.metrics.map((metric) => metric.at(-1)?.label ?? metric[1]);
        const graph = chart(widget.properties.title, labels);
        graphs.push(graph);
        grid.append(graph.element);
      }
    }
    show(place, parts);
  }

  async function load() {
    try {
      if (!graphs.length) await build();
      const data = await get(`metrics?minutes=${minutes.value}`);
      if (closed) return;
      const now = Date.now() / 1000;
      const shown = [now - minutes.value * 60, now];
      data.forEach((widget, index) => {
        const times = [...new Set(widget.lines.flatMap((line) => line.times))].sort((a, b) => a - b);
        const lines = widget.lines.map((line) => {
          const values = new Map(line.times.map((at, place) => [at, line.values[place]]));
          return times.map((at) => values.get(at) ?? null);
        });
        graphs[index]?.set(times, lines, shown);
      });
    } catch (error) { if (!closed) show(place, sentence(error)); }
  }

  load();
  const timer = setInterval(load, REFRESH_MS);
  return { close() { closed = true; clearInterval(timer); for (const graph of graphs) graph.close(); } };
}
