// One order by its key: its changes, and when each passed each stage.

import { get } from "../api.js";
import { age, h, sentence, show, time } from "../dom.js";

export function open(root, state, key) {
  const input = h("input", { name: "key", size: 36, value: key ?? "", autocomplete: "off", required: true });
  const found = h("div", {});
  const form = h("form", { onsubmit: (event) => { event.preventDefault(); location.hash = `order/${encodeURIComponent(input.value)}`; } },
    h("label", {}, "key", input), h("button", { class: "main" }, "Follow"));
  show(root, h("h2", {}, "One order, from the write to the query"), form, found);
  if (key) load();
  else show(found, h("p", { class: "quiet" }, "A key is in the first column of ", h("a", { href: "#changes" }, "the latest changes"), "."));

  async function load() {
    show(found, h("p", { class: "quiet" }, "Looking in the table, the stream and the lake …"));
    try {
      const answer = await get(`items/${encodeURIComponent(key)}`);
      show(found,
        h("p", {}, answer.item ? "The item is in the table." : "The table has no such item.", " ", h("button", { onclick: load }, "Look again")),
        answer.item && h("details", {}, h("summary", {}, "the item, DynamoDB JSON"), h("pre", {}, JSON.stringify(answer.item, null, 1))),
        answer.changes.length ? h("div", { class: "grid" }, answer.changes.map(card)) : h("p", { class: "quiet" }, "No change of this key is in the stream or in the lake."));
    } catch (error) { show(found, sentence(error)); }
  }
}

function card(change) {
  const [first] = change.steps;
  return h("article", { class: "panel" }, h("h3", {}, change.op, " ", h("span", { class: "quiet" }, change.eventId)),
    h("ol", { class: "steps" }, change.steps.map((step) => h("li", {}, `${step.name} ${time(step.at)}`,
      step === first ? "" : ` (+${age(Math.max(0, step.at - first.at) * 1000)})`, step.where ? h("div", { class: "quiet" }, h("pre", {}, step.where)) : null))));
}
