// A passage, with what the question's tokens matched in it.

import { post } from "./stream.js";

const LEVELS = 4;
const at = (id) => document.getElementById(id);
let shown = 0;

at("close").addEventListener("click", () => at("passage").close());

export async function show(system, query, hit) {
  const turn = ++shown;
  at("passage-name").textContent = `Passage ${hit.rank}`;
  at("origin").textContent = `${hit.document}, score ${hit.score.toFixed(3)}`;
  at("content").textContent = hit.title ? `${hit.title}\n${hit.text}` : hit.text;
  at("unmatched").textContent = "Looking for what matched …";
  at("matching").hidden = at("details").hidden = true;
  if (!at("passage").open) at("passage").showModal();
  try {
    const explained = await post("explain", { model: system, query, passage: hit.passage });
    if (turn === shown) explain(explained);
  } catch (error) {
    if (turn === shown) at("unmatched").textContent = `What matched is not known: ${error.message}`;
  }
}

function explain({ query, text, matches }) {
  at("unmatched").textContent = matches ? "" : "This retriever does not compare token by token.";
  if (!matches) return;
  // the server counts characters, JavaScript halves of some of them
  const asked = Array.from(query);
  const letters = Array.from(text);
  const cut = (from, [start, end]) => from.slice(start, end).join("");
  const told = matches.filter((each) => each.query[1] > each.query[0] && each.passage[1] > each.passage[0]);
  const marks = highlight(letters, told);
  at("tokens").replaceChildren(...told.map((each) => chip(cut(asked, each.query), marks.get(String(each.passage)))));
  at("matches").replaceChildren(
    ...told.map((each) => row([cut(asked, each.query), cut(letters, each.passage), each.similarity.toFixed(3)])),
  );
  at("matching").hidden = at("details").hidden = told.length === 0;
}

// Marks the matched tokens in the text; returns the mark of each stretch.
function highlight(letters, matches) {
  const best = new Map();
  for (const { passage, similarity } of matches) {
    best.set(String(passage), Math.max(similarity, best.get(String(passage)) ?? -1));
  }
  const [low, high] = [Math.min(...best.values()), Math.max(...best.values())];
  const marks = new Map();
  const parts = [];
  let done = 0;
  for (const [key, similarity] of [...best].sort(([a], [b]) => parseInt(a) - parseInt(b))) {
    const [start, end] = key.split(",").map(Number);
    const mark = document.createElement("mark");
    mark.textContent = letters.slice(start, end).join("");
    mark.className = `level-${1 + Math.min(LEVELS - 1, Math.floor((LEVELS * (similarity - low)) / (high - low || 1)))}`;
    parts.push(letters.slice(done, start).join(""), mark);
    marks.set(key, mark);
    done = end;
  }
  at("content").replaceChildren(...parts, letters.slice(done).join(""));
  return marks;
}

// A token of the question. Choosing it shows what it matched.
function chip(text, mark) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "token";
  made.textContent = text;
  made.setAttribute("aria-pressed", "false");
  made.setAttribute("aria-label", `${text}, matched ${mark.textContent}`);
  made.addEventListener("click", () => {
    const chosen = made.getAttribute("aria-pressed") === "false";
    for (const each of at("tokens").children) each.setAttribute("aria-pressed", "false");
    for (const each of at("content").querySelectorAll(".chosen")) each.classList.remove("chosen");
    made.setAttribute("aria-pressed", String(chosen));
    mark.classList.toggle("chosen", chosen);
    if (chosen) mark.scrollIntoView({ block: "nearest" });
  });
  return made;
}

function row(cells) {
  const made = document.createElement("tr");
  made.append(...cells.map((text) => Object.assign(document.createElement("td"), { textContent: text })));
  return made;
}
