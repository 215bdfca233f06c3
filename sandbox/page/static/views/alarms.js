// The alarms, those that ring first, and the history of their states.

import { get } from "../api.js";
import { h, moment, sentence, show, table } from "../dom.js";

const CLASSES = { ALARM: "bad", OK: "good", INSUFFICIENT_DATA: "quiet" };

export function open(root) {
  const list = h("div", {});
  const past = h("div", {});
  show(root, h("h2", {}, "Alarms"), list, h("h2", {}, "History"), past);
  const draw = (alarms) => show(list, table(["state", "alarm", "since", "what it means", "reason"],
    alarms.map((each) => [h("span", { class: CLASSES[each.state] }, each.state), each.name, moment(each.since), each.description, each.reason]), "Alarms"));
  async function load() {
    try {
      const { alarms, history } = await get("alarms");
      draw(alarms);
      show(past, history.length ? table(["time", "alarm", "change"], history.map((each) => [moment(each.at), each.name, each.summary]), "History of the alarms")
        : h("p", { class: "quiet" }, "No alarm has changed its state yet."));
    } catch (error) { show(list, sentence(error)); }
  }
  load();
  return { alarms: load };
}
