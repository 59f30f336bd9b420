// The page: asks, keeps the conversation of each system, and shows the answers as they come.

import { chat, get, useToken } from "./stream.js";
import { addTurn } from "./turn.js";

const at = (id) => document.getElementById(id);
const conversations = new Map();
let asking = null;

at("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  const question = at("question").value.trim();
  if (question && !asking) ask(question);
});
at("question").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  at("ask").requestSubmit();
});
at("stop").addEventListener("click", () => asking?.abort());
at("new").addEventListener("click", () => {
  asking?.abort();
  for (const messages of conversations.values()) messages.length = 0;
  at("conversation").replaceChildren();
  say("A new conversation.");
  at("question").focus();
});
at("access").addEventListener("submit", (event) => {
  event.preventDefault();
  useToken(at("token").value.trim());
  begin();
});

async function begin() {
  try {
    const models = (await get("v1/models")).data.map((each) => each.id);
    for (const name of models) conversations.set(name, []);
    at("systems").textContent = models.join(" and ");
    at("compare").hidden = models.length < 2;
    allowed(true);
    at("question").focus();
  } catch (error) {
    if (error.status === 401) allowed(false);
    complain(error.message);
  }
}

function allowed(yes) {
  at("access").hidden = yes;
  at("ask").hidden = !yes;
  if (yes) complain("");
  else at("token").focus();
}

async function ask(question) {
  const systems = [...conversations.keys()].slice(0, at("both").checked ? 2 : 1);
  asking = new AbortController();
  busy(true);
  complain("");
  say("Answering …");
  at("question").value = "";
  const panels = addTurn(at("conversation"), question, systems);
  panels[0].section.parentElement.parentElement.scrollIntoView({ block: "nearest" });
  const ended = await Promise.all(panels.map((panel) => answer(panel, question, asking.signal)));
  asking = null;
  busy(false);
  say(ended.join(" "));
}

// Fills a panel; returns what to say of it.
async function answer(panel, question, signal) {
  const messages = conversations.get(panel.system);
  try {
    const body = { model: panel.system, messages: [...messages, { role: "user", content: question }] };
    for await (const delta of chat(body, signal)) {
      if (delta.content) panel.add(delta.content);
      if (delta.citations) {
        panel.finish(delta);
        messages.push({ role: "user", content: question }, { role: "assistant", content: panel.answer });
        return `${panel.system}: answered, passages cited: ${delta.citations.length}.`;
      }
    }
  } catch (error) {
    const told = error.name === "AbortError" ? "Stopped." : error.message;
    panel.fail(told);
    if (error.status === 401) allowed(false);
    if (error.status === 429) at("question").value = question;
    return `${panel.system}: ${told}`;
  }
}

function busy(yes) {
  at("send").disabled = yes;
  at("stop").hidden = !yes;
}

function say(text) {
  at("status").textContent = text;
}

function complain(text) {
  at("error").textContent = text;
}

const given = new URLSearchParams(location.hash.slice(1)).get("token");
if (given) {
  useToken(given);
  history.replaceState(null, "", location.pathname);
}
begin();
