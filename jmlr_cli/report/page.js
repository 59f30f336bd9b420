// Shows the questions of the report in slices. Whatever comes from the data becomes text, never markup: see `make`.
"use strict";
(() => {
  const SLICE = 20;
  const CHOICES = ["side", "subset", "mode", "order", "text"];
  const PAUSE = 150; // milliseconds of silence before a typed text is looked for
  const report = JSON.parse(document.getElementById("data").textContent);
  const passages = new Map(Object.entries(report.passages));
  const systems = report.evaluations.map((each, at) => ({ name: each.evaluation, mode: each.mode, short: `S${at + 1}` }));
  const pairs = report.comparisons.flatMap((each) => each.pairs ?? []).filter((pair) => pair.changed?.length);
  const judged = report.questions.some((question) => question.answers.some((answer) => answer.correct !== null));
  const at = (id) => document.getElementById(id);
  if (!at("filters")) return; // no questions: only tables

  // -- what is chosen

  const state = { side: "all", subset: "", mode: "", order: "asked", text: "", hidden: new Set(), page: 1 };

  const shownSystems = () =>
    systems.filter((system) => !state.hidden.has(system.short) && (!state.mode || system.mode === state.mode));

  /** The answers of the systems that are shown, in their order. */
  function answersOf(question, shown) {
    const byName = new Map(question.answers.map((answer) => [answer.evaluation, answer]));
    return shown.filter((system) => byName.has(system.name)).map((system) => ({ system, answer: byName.get(system.name) }));
  }

  const SIDES = {
    all: ["all questions", () => true],
    changed: ["those that changed sides", (verdicts) => verdicts.includes(true) && verdicts.includes(false)],
    "wrong-all": ["wrong in all", (verdicts) => verdicts.length > 0 && !verdicts.includes(true)],
    "wrong-some": ["wrong in some", (verdicts) => verdicts.includes(false)],
    "right-all": ["right in all", (verdicts) => verdicts.length > 0 && !verdicts.includes(false)],
  };

  /** Whether a question is on the chosen side, by the verdicts of the systems that are shown. */
  function sideTest() {
    const pair = /^pair-(\d+)$/.exec(state.side);
    if (pair && pairs[pair[1]]) {
      const changed = new Set((pairs[pair[1]].changed).map(String));
      return (question) => changed.has(question.id);
    }
    const [, holds] = Object.hasOwn(SIDES, state.side) ? SIDES[state.side] : SIDES.all;
    const shown = shownSystems();
    return (question) =>
      holds(answersOf(question, shown).map(({ answer }) => answer.correct).filter((correct) => correct !== null));
  }

  /** Whether a text is in a question, its options, its answers or its passages. Each passage is searched once. */
  function textTest() {
    const wanted = state.text.trim().toLowerCase();
    if (!wanted) return () => true;
    const has = (text) => typeof text === "string" && text.toLowerCase().includes(wanted);
    const holding = new Set();
    for (const [id, passage] of passages) if (has(passage.title) || has(passage.text) || has(passage.document)) holding.add(id);
    return (question) =>
      has(question.id) || has(question.question) || has(question.right) ||
      question.options.some((option) => has(option.text)) ||
      question.answers.some((answer) => has(answer.answer) || has(answer.generated) || answer.passages.some((id) => holding.has(id)));
  }

  /** How far apart the answer NLLs of the shown systems are, in nats a token. */
  function spread(question, shown) {
    const nlls = answersOf(question, shown).map(({ answer }) => answer.answer_nll).filter((nll) => nll !== null);
    return nlls.length > 1 ? Math.max(...nlls) - Math.min(...nlls) : -1;
  }

  /** The questions that pass every filter, in the chosen order, each with its number in the question set. */
  function chosen() {
    const onSide = sideTest();
    const hasText = textTest();
    const found = report.questions
      .map((question, place) => ({ question, number: place + 1 }))
      .filter(({ question }) => (!state.subset || question.subset === state.subset) && onSide(question) && hasText(question));
    if (state.order !== "spread") return found;
    const shown = shownSystems();
    const spreads = new Map(found.map(({ question }) => [question, spread(question, shown)]));
    return found.sort((one, other) => spreads.get(other.question) - spreads.get(one.question));
  }

  // -- what is shown

  /** An element with properties; a child that is a string becomes text, and nothing else. */
  function make(tag, properties, ...children) {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children.filter((child) => child !== null));
    return made;
  }

  function card({ question, number }) {
    const answers = answersOf(question, shownSystems());
    const names = [`Question ${number}`, question.id === String(number) ? "" : question.id, question.subset];
    const heading = make("h3", { id: `question-${number}` }, names.filter(Boolean).join(" · "));
    const text = question.question ?? "The text of this question is no longer to be had.";
    const made = make("article", {}, heading, make("p", { className: "text" }, text), rightAnswer(question, answers));
    made.setAttribute("aria-labelledby", heading.id);
    made.append(make("div", { className: "answers" }, ...answers.map((each) => answerBox(question, each))));
    made.append(passageList(question, answers));
    return made;
  }

  function rightAnswer(question, answers) {
    if (!question.options.length) {
      return make("p", { className: "text" }, "Right answer: ", question.right ?? "not known");
    }
    return make("ul", { className: "options" }, ...question.options.map((option) => {
      const right = option.label === question.right;
      const by = answers.filter(({ answer }) => answer.answer === option.label).map(({ system }) => system.short);
      return make("li", { className: right ? "gold" : "" }, `${option.label}. ${option.text}`,
        right ? make("span", { className: "tag right" }, "  ✓ right answer") : null,
        by.length ? make("span", { className: "tag" }, `  chosen by ${by.join(", ")}`) : null);
    }));
  }

  function answerBox(question, { system, answer }) {
    const verdict = answer.error ? "not measured" : answer.correct === null ? "" : answer.correct ? "✓ right" : "✗ wrong";
    const kind = verdict.endsWith("right") ? "right" : verdict.endsWith("wrong") ? "wrong" : "";
    const option = question.options.find((each) => each.label === answer.answer);
    const said = option ? `${option.label}. ${option.text}` : answer.answer ?? (answer.correct === false ? "no option read" : "");
    const box = make("section", { className: `answer ${kind}` },
      make("h4", {}, `${system.short} · ${system.mode}`),
      verdict ? make("p", { className: `verdict ${kind}` }, verdict) : null,
      said ? make("p", { className: "text" }, said) : null,
      answer.generated && answer.generated !== answer.answer ? make("p", { className: "text" }, `Written: ${answer.generated}`) : null,
      make("p", { className: "quiet" }, figures(answer).join(" · ")));
    box.setAttribute("aria-label", `${system.short}, ${system.mode}`);
    return box;
  }

  function figures(answer) {
    const known = [];
    if (answer.answer_nll !== null) known.push(`NLL of the right answer ${answer.answer_nll.toFixed(3)} nats a token`);
    if (answer.f1 !== undefined) known.push(`token F1 ${(answer.f1 * 100).toFixed(1)} %`);
    if (answer.gold_rank !== undefined) {
      known.push(answer.gold_rank ? `gold document at rank ${answer.gold_rank}` : "gold document not among those retrieved");
    }
    if (answer.cut_tokens) known.push(`${answer.cut_tokens} passage tokens cut`);
    if (answer.error) known.push(answer.error);
    return known;
  }

  function passageList(question, answers) {
    const readers = new Map(); // passage id -> who read it, at which rank
    for (const { system, answer } of answers) {
      answer.passages.forEach((id, place) => {
        if (!readers.has(id)) readers.set(id, []);
        readers.get(id).push({ short: system.short, rank: place + 1 });
      });
    }
    const best = (each) => Math.min(...each.map(({ rank }) => rank));
    const ordered = [...readers].sort((one, other) => best(one[1]) - best(other[1]));
    const made = make("div", { className: "passages" });
    if (ordered.length) made.append(make("h4", {}, "Passages read"), ...ordered.map(([id, by]) => passageBox(question, id, by)));
    return made;
  }

  function passageBox(question, id, by) {
    const passage = passages.get(id);
    const read = by.map(({ short, rank }) => `${short} (${rank})`).join(", ");
    if (!passage) return make("p", { className: "quiet" }, `${id}: text no longer in the workspace; read by ${read}`);
    const gold = question.document !== null && passage.document === question.document;
    return make("details", {},
      make("summary", {}, passage.title ? `${passage.title} — ${passage.document}` : passage.document,
        make("span", { className: "tag" }, `  read by ${read}`),
        gold ? make("span", { className: "tag right" }, "  ✓ gold document") : null),
      make("p", { className: "text" }, passage.text));
  }

  // -- the page around it

  function show() {
    const found = chosen();
    const pages = Math.max(1, Math.ceil(found.length / SLICE));
    state.page = Math.min(Math.max(1, state.page), pages);
    const start = (state.page - 1) * SLICE;
    const slice = found.slice(start, start + SLICE);
    at("list").replaceChildren(...slice.map(card));
    const of = `${found.length} of ${report.questions.length} questions`;
    at("count").textContent = slice.length ? `${of}; shown are ${start + 1} to ${start + slice.length}` : `${of}: nothing passes these filters`;
    document.querySelectorAll(".pages").forEach((nav) => showPager(nav, pages));
    remember();
  }

  function showPager(nav, pages) {
    const to = (text, page) => make("button", { type: "button", disabled: page < 1 || page > pages, onclick: () => turn(page) }, text);
    const field = make("input", { type: "number", min: 1, max: pages, value: state.page, onchange: () => turn(Number(field.value)) });
    nav.hidden = pages === 1;
    nav.replaceChildren(to("Previous", state.page - 1), make("label", { className: "choice" }, `Page, of ${pages}`, field), to("Next", state.page + 1));
  }

  function turn(page) {
    state.page = Math.round(page) || 1;
    show();
    at("questions").focus();
    at("questions").scrollIntoView();
  }

  /** A select with its choices, hidden where there is nothing to choose. */
  function fill(key, choices) {
    at(key).replaceChildren(...choices.map(([value, text]) => make("option", { value }, text)));
    at(key).closest(".choice").hidden = choices.length < 2;
    at(key).addEventListener("change", () => choose(key, at(key).value));
  }

  function choose(key, value) {
    state[key] = value;
    state.page = 1;
    show();
  }

  function fillFilters() {
    const named = (values, all) => [["", all], ...values.map((value) => [value, value])];
    const distinct = (values) => [...new Set(values)].filter(Boolean);
    const sides = Object.entries(SIDES).filter(([key]) => judged || key === "all");
    const changed = pairs.map((pair, place) => [`pair-${place}`, `changed sides in ${pair.metric}: ${pair.a} and ${pair.b} (${pair.changed.length})`]);
    fill("side", [...sides.map(([key, [text]]) => [key, text]), ...changed]);
    const subsets = distinct(report.questions.map((question) => question.subset));
    const modes = distinct(systems.map((system) => system.mode));
    fill("subset", subsets.length > 1 ? named(subsets, "all") : []);
    fill("mode", modes.length > 1 ? named(modes, "all") : []);
    fill("order", systems.length > 1 ? [["asked", "as asked"], ["spread", "largest difference in answer NLL first"]] : []);
    at("shown").replaceChildren(...systems.map(systemBox));
    at("shown").closest("fieldset").hidden = systems.length < 2;
    let waiting = 0;
    at("text").addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => choose("text", at("text").value), PAUSE);
    });
    at("filters").addEventListener("submit", (event) => event.preventDefault());
    at("filters").hidden = false;
  }

  function systemBox(system) {
    const box = make("input", { type: "checkbox", value: system.short, checked: true });
    box.addEventListener("change", () => {
      if (box.checked) state.hidden.delete(system.short);
      else state.hidden.add(system.short);
      choose("hidden", state.hidden);
    });
    return make("label", {}, box, `${system.short} ${system.name}`);
  }

  // -- the address: what is chosen stands behind its #, so that a view can be kept as a link

  function remember() {
    const kept = new URLSearchParams();
    for (const key of CHOICES) if (state[key] && at(key).selectedIndex !== 0) kept.set(key, state[key]);
    if (state.hidden.size) kept.set("hidden", [...state.hidden].join(" "));
    if (state.page > 1) kept.set("page", state.page);
    const now = String(kept);
    if (now !== location.hash.slice(1)) history.replaceState(null, "", now ? `#${now}` : location.pathname);
  }

  function recall() {
    if (location.hash === "#questions") return; // the link at the top of the page
    const kept = new URLSearchParams(location.hash.slice(1));
    for (const key of CHOICES) {
      at(key).value = kept.get(key) ?? "";
      if (at(key).selectedIndex === -1) at(key).selectedIndex = 0; // nothing kept, or what this report does not have
      state[key] = at(key).value;
    }
    state.hidden = new Set((kept.get("hidden") ?? "").split(" ").filter(Boolean));
    for (const box of at("shown").querySelectorAll("input")) box.checked = !state.hidden.has(box.value);
    state.page = Number(kept.get("page")) || 1;
    show();
  }

  function printWhole() {
    let opened = [];
    addEventListener("beforeprint", () => {
      opened = [...document.querySelectorAll("figure details:not([open]), #list details:not([open])")];
      opened.forEach((each) => { each.open = true; });
    });
    addEventListener("afterprint", () => opened.forEach((each) => { each.open = false; }));
  }

  fillFilters();
  recall();
  printWhole();
  addEventListener("hashchange", recall);
})();
