// The router, and the live events: one view at a time, by the address's fragment.

import { get } from "./api.js";
import { h, sentence, show } from "./dom.js";
import * as alarms from "./views/alarms.js";
import * as changes from "./views/changes.js";
import * as dashboard from "./views/dashboard.js";
import * as failures from "./views/failures.js";
import * as faults from "./views/faults.js";
import * as order from "./views/order.js";
import * as pipeline from "./views/pipeline.js";
import * as query from "./views/query.js";

const views = { pipeline, dashboard, alarms, order, changes, failures, query, faults };
const main = document.getElementById("view");
const trouble = document.getElementById("trouble");
const state = { outputs: {}, snapshots: [] };
const KEPT_SNAPSHOTS = 300;
let current = null;

function route() {
  const [name, argument] = location.hash.slice(1).split("/", 2);
  const chosen = views[name] ? name : "pipeline";
  for (const link of document.querySelectorAll("nav a")) {
    if (link.getAttribute("href") === `#${chosen}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  current?.close?.();
  const root = h("section", {});
  show(main, root);
  document.title = `${chosen} · sandbox`;
  current = views[chosen].open(root, state, argument === undefined ? undefined : decodeURIComponent(argument)) ?? {};
  current.update?.(state);
}

function receive(snapshot) {
  state.snapshots.push(snapshot);
  if (state.snapshots.length > KEPT_SNAPSHOTS) state.snapshots.shift();
  const texts = [...trouble.children].map((child) => child.textContent);
  if (texts.join() !== snapshot.troubles.join()) show(trouble, snapshot.troubles.map((text) => h("p", {}, text)));
  current?.update?.(state);
}

function count(list) {
  const ringing = list.filter((alarm) => alarm.state === "ALARM").length;
  const badge = document.getElementById("alarm-count");
  badge.hidden = ringing === 0;
  badge.textContent = String(ringing);
  badge.setAttribute("aria-label", `${ringing} in ALARM`);
}

async function start() {
  try {
    const first = await get("state");
    state.outputs = first.outputs;
    document.getElementById("place").textContent = `${first.outputs.endpoint_url} · ${first.outputs.region}`;
    route();
    receive(first.snapshot);
  } catch (error) {
    show(main, sentence(error));
    return;
  }
  window.addEventListener("hashchange", () => { route(); main.focus({ preventScroll: true }); scrollTo(0, 0); });
  const events = new EventSource("/api/events");
  events.addEventListener("snapshot", (event) => receive(JSON.parse(event.data)));
  events.addEventListener("alarms", (event) => { const list = JSON.parse(event.data); count(list); current?.alarms?.(list); });
  events.addEventListener("error", () => show(trouble, h("p", {}, "The console does not respond; the page tries again.")));
}

start();
