// A question with its answers, one for each system.

import { show } from "./passage.js";

let count = 0;

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

// Adds a turn to the conversation, and returns one panel for each system.
export function addTurn(conversation, question, systems) {
  const id = `question-${++count}`;
  const panels = systems.map((system) => new Panel(system));
  const answers = element("div", { class: systems.length > 1 ? "answers two" : "answers" }, ...panels.map((each) => each.section));
  conversation.append(element("article", { "aria-labelledby": id }, element("h2", { id }, question), answers));
  return panels;
}

class Panel {
  constructor(system) {
    this.system = system;
    this.answer = "";
    this.text = element("p", { class: "text", "aria-live": "polite", "aria-busy": "true" });
    this.section = element("section", { class: "answer", "aria-label": `Answer of ${system}` }, element("h3", {}, system), this.text);
  }

  add(piece) {
    this.answer += piece;
    this.text.append(piece);
  }

  finish({ citations, passages, query }) {
    const open = (hit) => () => show(this.system, query, hit);
    this.text.replaceChildren(...marked(this.answer, citations, passages, open));
    this.text.setAttribute("aria-busy", "false");
    const items = passages.map((hit) => listed(hit, citations.includes(hit.rank), open(hit)));
    this.section.append(element("h4", {}, "Passages read"), element("ol", {}, ...items));
  }

  fail(message) {
    this.text.setAttribute("aria-busy", "false");
    this.section.append(element("p", { class: "failed" }, message));
  }
}

// The answer's text, with each citation mark as a button.
function marked(answer, citations, passages, open) {
  return answer.split(/(\[\d+\])/).map((part) => {
    const rank = /^\[\d+\]$/.test(part) ? Number(part.slice(1, -1)) : 0;
    const hit = citations.includes(rank) && passages.find((each) => each.rank === rank);
    return hit ? button("mark", part, open(hit), `Passage ${rank}: ${hit.title || hit.document}`) : part;
  });
}

function listed(hit, cited, open) {
  const name = button("open", `[${hit.rank}] ${hit.title || hit.document}`, open);
  const origin = element("span", { class: "origin" }, ` ${hit.document}${cited ? ", cited" : ""}`);
  return element("li", cited ? { class: "cited" } : {}, name, origin);
}

function button(kind, text, act, label) {
  const made = element("button", { class: kind, type: "button", ...(label ? { "aria-label": label } : {}) }, text);
  made.addEventListener("click", act);
  return made;
}
