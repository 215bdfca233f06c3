// What did not arrive, by cause with samples, and its replay.

import { call, get } from "../api.js";
import { h, number, sentence, show } from "../dom.js";

export function open(root) {
  const place = h("div", { "aria-live": "polite" });
  show(root, h("div", { class: "row" }, h("h2", {}, "Failures"), h("button", { onclick: () => load() }, "Look again")), place);
  load();

  async function load(...told) {
    show(place, ...told, h("p", { class: "quiet" }, "Reading the error prefix and the dead-letter queue …"));
    try {
      const { records, letters } = await get("failures");
      show(place, ...told, section("Error prefix", "records", records, false), section("Dead letters", "messages", letters, true));
    } catch (error) { show(place, ...told, sentence(error)); }
  }

  async function replay(button, deadLetters, cause) {
    button.disabled = true;
    try {
      const done = await call("POST", "replay", { deadLetters, cause });
      await load(h("p", { class: "good" }, `${number(done.records ?? 0)} records are on the stream again.`));
    } catch (error) { await load(sentence(error)); }
  }

  function section(title, what, found, deadLetters) {
    const reasons = Object.entries(found.reasons ?? {});
    const total = found.records ?? 0;
    const all = h("button", { class: "main", onclick: () => replay(all, deadLetters, "") }, `Replay all ${number(total)}`);
    return h("section", {}, h("h2", {}, title),
      total || reasons.length ? [all, reasons.map(([cause, count]) => part(cause, count, found.samples?.[cause], deadLetters))]
        : h("p", { class: "good" }, `No ${what}: nothing is lost.`));
  }

  function part(cause, count, sample, deadLetters) {
    const button = h("button", { onclick: () => replay(button, deadLetters, cause) }, "Replay these");
    return h("article", { class: "panel" }, h("h3", {}, `${cause}: ${number(count)}`), deadLetters ? null : button,
      sample === undefined ? null : h("pre", {}, typeof sample === "string" ? sample : JSON.stringify(sample, null, 1)));
  }
}
