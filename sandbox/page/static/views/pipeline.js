// The pipeline as a picture: a card a stage with its rate, and what waits between them.

import { age, bytes, h, number, rate, show } from "../dom.js";
import { chart } from "../chart.js";

const RATE_OVER = 5;
const SHORTEST_S = 0.9; // counters move once a second
const NAMES = { table: "DynamoDB table", pipe: "EventBridge Pipe", stream: "Kinesis stream", transform: "Lambda transform", firehose: "Firehose", lake: "S3 lake", athena: "Athena" };
const STATES = { up: "good", starting: "warn", silent: "warn", failing: "bad", dead: "bad" };

export function open(root) {
  const flow = h("ol", { class: "flow" });
  const graphs = { rates: chart("Changes a second", ["written", "delivered"]), backlog: chart("Waiting (records)", ["for the Pipe", "for Firehose"]), lag: chart("Age of the oldest (s)", ["at the Pipe", "at Firehose"]) };
  show(root, h("h2", {}, "From the write to the query"), flow, h("div", { class: "grid" }, Object.values(graphs).map((each) => each.element)));
  return {
    update(state) {
      const last = state.snapshots.at(-1);
      if (!last) return;
      show(flow, last.stages.map((stage) => {
        const edge = last.edges.find((each) => each.source === stage.name);
        // Firehose invokes the transform: what goes to it comes back.
        const way = stage.name === "transform" ? both() : edge && arrow(edge, state.snapshots);
        return h("li", {}, card(stage, perSecond(state.snapshots, stage.name)), way);
      }));
      const times = state.snapshots.map((each) => each.at);
      graphs.rates.set(times, [series(state.snapshots, "table"), series(state.snapshots, "lake")]);
      graphs.backlog.set(times, [edges(state.snapshots, "table", "backlog"), edges(state.snapshots, "stream", "backlog")]);
      graphs.lag.set(times, [edges(state.snapshots, "table", "lagMs").map((ms) => ms / 1000), edges(state.snapshots, "stream", "lagMs").map((ms) => ms / 1000)]);
    },
    close() { for (const graph of Object.values(graphs)) graph.close(); },
  };
}

const doneAt = (snapshot, name) => snapshot.stages.find((stage) => stage.name === name)?.done ?? 0;
const passed = (snapshot, source) => snapshot.edges.find((edge) => edge.source === source)?.done ?? 0;

function perSecond(snapshots, name, end = snapshots.length - 1, done = doneAt) {
  const from = snapshots[Math.max(0, end - RATE_OVER)];
  const to = snapshots[end];
  return to.at - from.at > SHORTEST_S ? Math.max(0, (done(to, name) - done(from, name)) / (to.at - from.at)) : 0;
}

const series = (snapshots, name) => snapshots.map((_, index) => perSecond(snapshots, name, index));
const edges = (snapshots, source, field) => snapshots.map((each) => each.edges.find((edge) => edge.source === source)?.[field] ?? 0);

function card(stage, changes) {
  const shown = Object.entries(stage.counters).filter(([, value]) => value).slice(0, 6);
  const moves = ["table", "pipe", "stream", "firehose", "lake"].includes(stage.name);
  return h("div", { class: "panel stage" },
    h("h3", {}, NAMES[stage.name] ?? stage.name),
    h("div", { class: "resource" }, stage.resource),
    moves ? h("div", { class: "rate" }, rate(changes)) : null,
    h("div", { class: STATES[stage.state] ?? "" }, stage.state),
    h("div", { class: "quiet" }, shown.map(([name, value]) => h("div", {}, `${name.replaceAll("_", " ")} ${name.startsWith("bytes") ? bytes(value) : number(value)}`))));
}

function arrow(edge, snapshots) {
  const late = edge.lagMs > 60000 ? "bad" : edge.backlog ? "warn" : "quiet";
  const going = edge.done == null ? null : rate(perSecond(snapshots, edge.source, undefined, passed));
  const waiting = edge.backlog ? [h("div", {}, `${number(edge.backlog)} waiting`), h("div", {}, age(edge.lagMs))] : h("span", { class: "skip" }, "nothing waits");
  return h("div", { class: `edge ${late}` }, going && h("div", {}, going), h("div", { class: "arrow", "aria-hidden": "true" }, "→"), waiting);
}

const both = () => h("div", { class: "edge quiet" }, h("div", { class: "arrow", "aria-hidden": "true" }, "⇄"), h("span", { class: "skip" }, "called by"));
