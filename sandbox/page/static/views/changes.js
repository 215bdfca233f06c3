// The latest changes in the lake.

import { get } from "../api.js";
import { h, sentence, show, table } from "../dom.js";

export function open(root) {
  const place = h("div", {});
  async function load() {
    show(place, h("p", { class: "quiet" }, "Athena is asked …"));
    try {
      const { columns, rows } = await get("changes");
      const key = columns.indexOf("order_id");
      const linked = rows.map((row) => row.map((cell, index) => (index === key && cell !== null ? h("a", { href: `#order/${encodeURIComponent(cell)}` }, cell) : cell)));
      show(place, rows.length ? table(columns, linked, "Latest changes") : h("p", { class: "quiet" }, "The lake has no change yet."));
    } catch (error) { show(place, sentence(error)); }
  }
  show(root, h("div", { class: "row" }, h("h2", {}, "Latest changes"), h("button", { onclick: load }, "Again")), place);
  load();
}
