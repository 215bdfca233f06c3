// An editor for Athena. Rows come page by page, and only those in sight are in the document.

import { call, get } from "../api.js";
import { h, line, number, sentence, show } from "../dom.js";

const POLL_MS = 250;
const ROW_PX = 31;
const AROUND = 20;
const ENDED = ["SUCCEEDED", "FAILED", "CANCELLED"];

export function open(root, state) {
  const text = h("textarea", { "aria-label": "SQL", spellcheck: "false" });
  text.value = sessionStorage.getItem("sql") ?? `SELECT * FROM ${state.outputs.view_name} LIMIT 20`;
  const saved = h("select", { "aria-label": "Saved queries", onchange: () => { if (saved.value) text.value = saved.value; } }, h("option", { value: "" }, "saved queries …"));
  const run = h("button", { class: "main", onclick: start }, "Run (Ctrl+Enter)");
  const stop = h("button", { onclick: end, disabled: true }, "Stop");
  const told = h("p", { class: "quiet", "aria-live": "polite" });
  const found = h("div", {});
  let id = null;
  let closed = false;
  show(root, h("h2", {}, "Query"), h("div", { class: "row" }, saved), text, h("div", { class: "row" }, run, stop), told, found);
  text.addEventListener("keydown", (event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) start(); });
  get("queries").then((queries) => saved.append(...queries.map((each) => h("option", { value: each.text }, each.name))), () => {});

  async function start() {
    if (run.disabled) return;
    sessionStorage.setItem("sql", text.value);
    run.disabled = true;
    show(found);
    try {
      ({ id } = await call("POST", "queries", { sql: text.value }));
      stop.disabled = false;
      let query = await get(`queries/${id}`);
      while (!ENDED.includes(query.state) && !closed) {
        told.textContent = `${query.state.toLowerCase()} …`;
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
        query = await get(`queries/${id}`);
      }
      told.textContent = `${query.state.toLowerCase()} in ${number(query.tookMs)} ms, ${number(query.scannedBytes)} bytes scanned`;
      if (query.state === "SUCCEEDED") await rows(id);
      else show(found, sentence(new Error(query.reason || query.state)));
    } catch (error) { show(found, sentence(error)); }
    run.disabled = false;
    stop.disabled = true;
  }

  async function end() {
    try { await call("DELETE", `queries/${id}`); } catch (error) { show(found, sentence(error)); }
  }

  async function rows(of) {
    let page = await get(`queries/${of}/rows`);
    if (!page.rows.length) { show(found, h("p", { class: "quiet" }, "No rows.")); return; }
    const all = [...page.rows];
    const body = h("tbody", {});
    const box = h("div", { class: "wide", tabindex: 0, role: "region", "aria-label": "Rows" },
      h("table", {}, h("thead", {}, h("tr", {}, page.columns.map((name, index) => h("th", { scope: "col", title: page.types[index] }, name)))), body));
    const count = h("p", { class: "quiet" });
    show(found, count, box);
    let loading = false;
    const spacer = (rows) => { const row = h("tr", { "aria-hidden": "true" }); row.style.height = `${rows * ROW_PX}px`; return row; };
    const draw = () => {
      const first = Math.max(0, Math.floor(box.scrollTop / ROW_PX) - AROUND);
      const last = Math.min(all.length, first + Math.ceil(box.clientHeight / ROW_PX) + 2 * AROUND);
      show(body, spacer(first), all.slice(first, last).map(line), spacer(all.length - last));
      count.textContent = `${number(all.length)} rows${page.next ? " so far: scroll for more" : ""}`;
      if (last === all.length && page.next && !loading) more();
    };
    const more = async () => {
      loading = true;
      try {
        page = await get(`queries/${of}/rows?token=${encodeURIComponent(page.next)}`);
        all.push(...page.rows);
      } catch (error) { page = { ...page, next: null }; found.append(sentence(error)); }
      loading = false;
      draw();
    };
    box.addEventListener("scroll", () => requestAnimationFrame(draw));
    draw();
  }

  return { close() { closed = true; } };
}
