// What did not arrive, by cause with an example, and its replay.

import { call, get } from "../api.js";
import { h, number, sentence, show } from "../dom.js";

const SECTIONS = {
  records: {
    title: "Error prefix", nothing: "No records under the error prefix.", deadLetters: false, counted: "records",
    left: { others: "objects with failures of another kind, which a replay leaves as they are" },
  },
  letters: {
    title: "Dead letters", nothing: "No messages in the dead-letter queue.", deadLetters: true, counted: "messages",
    left: {
      gone: "messages whose changes have expired in the table's stream: write those items again",
      others: "messages that no Pipe of this table has written",
    },
  },
};

export function open(root) {
  const place = h("div", { "aria-live": "polite" });
  show(root, h("div", { class: "row" }, h("h2", {}, "Failures"), h("button", { onclick: () => load() }, "Look again")), place);
  load();

  async function load(...told) {
    show(place, ...told, h("p", { class: "quiet" }, "Reading the error prefix and the dead-letter queue …"));
    try {
      const found = await get("failures");
      show(place, ...told, Object.entries(SECTIONS).map(([name, about]) => section(about, found[name])));
    } catch (error) { show(place, ...told, sentence(error)); }
  }

  async function replay(button, deadLetters, cause) {
    button.disabled = true;
    try {
      const done = await call("POST", "replay", { deadLetters, cause });
      await load(h("p", { class: "good" }, `${number(done.records ?? 0)} records are on the stream again.`));
    } catch (error) { await load(sentence(error)); }
  }

  function section(about, found) {
    const left = Object.entries(about.left).filter(([name]) => found[name])
      .map(([name, what]) => h("p", { class: "warn" }, `${number(found[name])} ${what}.`));
    const all = h("button", { class: "main", onclick: () => replay(all, about.deadLetters, "") }, `Replay all ${number(found.records)} records`);
    const causes = Object.entries(found.reasons);
    return h("section", {}, h("h2", {}, about.title), found.records ? h("div", { class: "row" }, all) : null,
      causes.map(([cause, count]) => part(about, found, cause, count)), left,
      causes.length || left.length ? null : h("p", { class: "good" }, about.nothing));
  }

  function part(about, found, cause, count) {
    // A dead letter is replayed with all others: `lake replay --dead-letters` knows no causes.
    const button = about.deadLetters ? null : h("button", { onclick: () => replay(button, false, cause) }, "Replay these");
    const message = found.samples?.[cause];
    return h("article", { class: "panel" }, h("h3", {}, `${cause}: ${number(count)} ${about.counted}`), button,
      message ? h("p", {}, message) : null,
      h("details", {}, h("summary", {}, "the first of them"), h("pre", {}, pretty(found.examples[cause]))));
  }
}

// A record as indented JSON; the beginning of a longer one, or what is no JSON, as it is.
function pretty(text) {
  try { return JSON.stringify(JSON.parse(text), null, 1); } catch { return text; }
}
