// Cases and evidence. It reads two inert data blocks, writes text with textContent only, and loads nothing from the network.
(() => {
  const { $, el } = tables;
  if (!$("data")) return; // a run of drift alone
  const data = JSON.parse($("data").textContent);
  const NAMES = { p: "pass", f: "fail", y: "flaky", u: "unsupported", k: "cut-in-thought", t: "transport", c: "client-limited", n: "n/a" };
  const LETTERS = Object.fromEntries(Object.entries(NAMES).map(([letter, name]) => [name, letter]));
  // An upper-case letter: the client was busy, so the times are not to be trusted; the outcome is what it is.
  for (const item of data.cases) {
    item.l = item.c.map((cell) => /[A-Z]/.test(cell));
    if (item.l.includes(true)) item.c = item.c.map((cell) => cell.toLowerCase());
  }
  const PAGE = Math.max(30, Math.floor(800 / data.providers.length)); // cells drawn at once: filtering stays under 100 ms
  const MOST_ROWS = 4; // differing rows beyond the first
  const SVG = "http://www.w3.org/2000/svg";

  const drawn = new Map(); // a clone costs a fifth of making one anew
  function glyph(letter) {
    if (!drawn.has(letter)) drawn.set(letter, newGlyph(letter));
    return drawn.get(letter).cloneNode(true);
  }

  function newGlyph(letter) {
    const svg = document.createElementNS(SVG, "svg");
    const use = document.createElementNS(SVG, "use");
    for (const [key, value] of Object.entries({ class: "g g-" + letter, viewBox: "0 0 12 12", width: 12, height: 12, "aria-hidden": "true", focusable: "false" })) svg.setAttribute(key, value);
    use.setAttribute("href", "#g-" + letter);
    svg.append(use);
    return svg;
  }

  // ---- the address: #q=…, #cell=case|provider|mode, #trial=id; q stays while a cell is open --------------------------

  function readHash() {
    const out = {};
    for (const part of location.hash.slice(1).split("&")) {
      const at = part.indexOf("=");
      if (at < 0) continue;
      try { out[part.slice(0, at)] = decodeURIComponent(part.slice(at + 1)); } catch { /* a broken escape is no address */ }
    }
    return out;
  }

  function hashOf(parts) {
    return "#" + Object.entries({ ...parts, ...tables.address() }).filter(([, value]) => value).map(([key, value]) => key + "=" + encodeURIComponent(value)).join("&");
  }

  function setHash(parts, push) {
    const hash = hashOf(parts);
    if (hash === location.hash || (hash === "#" && !location.hash)) return;
    history[push ? "pushState" : "replaceState"](null, "", hash);
  }

  // ---- the query ----------------------------------------------------------------------------------------------------

  const has = (cell, letter) => cell.includes(letter);

  function differs(item) {
    for (let mode = 0; mode < data.modes.length; mode++) {
      const seen = new Set(item.c.map((cell) => cell[mode]).filter((letter) => "pfyu".includes(letter)));
      if (seen.size > 1) return true;
    }
    return false;
  }

  const WORDS = {
    is: (value) => {
      const tests = { different: differs, failing: (i) => i.c.some((c) => has(c, "f")), flaky: (i) => i.c.some((c) => has(c, "y")) };
      return tests[value] || fail("is:" + value, Object.keys(tests).map((word) => "is:" + word));
    },
    check: (value) => {
      const wanted = new Set(data.checks.flatMap(([id], at) => (id.toLowerCase().includes(value) ? [at] : [])));
      return (item) => Object.values(item.f).some((modes) => modes.some((ids) => ids.some((id) => wanted.has(id))));
    },
    tag: (value) => (item) => item.t.some((tag) => tag.toLowerCase() === value),
    suite: (value) => (item) => item.k.toLowerCase().startsWith(value + "/"),
    severity: (value) => (item) => item.s.toLowerCase() === value,
    count: (value) => {
      const match = /^([<>]?=?)(\d+)\(([\w\/-]+)\)$/.exec(value);
      if (!match || !LETTERS[match[3]]) fail("count:" + value, ["count:1(fail)", "count:>2(flaky)"]);
      const [, sign, digits, outcome] = match;
      const number = Number(digits);
      const compare = { "": (n) => n === number, "=": (n) => n === number, ">": (n) => n > number, "<": (n) => n < number, ">=": (n) => n >= number, "<=": (n) => n <= number }[sign];
      const letter = LETTERS[outcome];
      return (item) => compare(item.c.filter((cell, at) => has(cell, letter) || (letter === "c" && item.l[at])).length);
    },
  };

  class QueryError extends Error {}
  function fail(word, valid) { throw new QueryError("Cannot read “" + word + "”. Valid: " + valid.join(", ") + "."); }

  function outcomeTest(name, value) {
    const at = data.providers.findIndex((provider) => provider.toLowerCase() === name);
    const near = data.providers.findIndex((provider) => provider.toLowerCase().startsWith(name));
    const column = at >= 0 ? at : near;
    if (column < 0) fail(name + ":" + value, [...Object.keys(WORDS), ...data.providers].map((word) => word + ":…"));
    const letter = LETTERS[value] || fail(name + ":" + value, Object.keys(LETTERS).map((word) => data.providers[column] + ":" + word));
    if (letter === "p") return (item) => has(item.c[column], "p") && [...item.c[column]].every((one) => "pn".includes(one));
    return (item) => has(item.c[column], letter) || (letter === "c" && item.l[column]);
  }

  function term(token) {
    const named = /^"([^"]*)":(.+)$/.exec(token);
    if (named) return outcomeTest(named[1], named[2]);
    const colon = token.indexOf(":");
    if (colon > 0 && !token.startsWith('"')) {
      const [name, value] = [token.slice(0, colon), token.slice(colon + 1)];
      return Object.hasOwn(WORDS, name) ? WORDS[name](value) : outcomeTest(name, value);
    }
    const word = token.replaceAll('"', "");
    return (item) => item.k.toLowerCase().includes(word) || item.w.toLowerCase().includes(word) || item.t.some((tag) => tag.toLowerCase().includes(word));
  }

  // or ← and ← not ← term; words side by side mean "and".
  function parse(text) {
    if (text.length > 1000) throw new QueryError("That is longer than any query needs to be.");
    const tokens = text.toLowerCase().match(/count:[<>=]*\d*\([^)]*\)?|"[^"]*"(?::[^\s()]+)?|"[^"]*|[()]|[^\s()]+/g) || [];
    let at = 0;
    const either = () => {
      let left = both();
      while (tokens[at] === "or") { at++; const [a, b] = [left, both()]; left = (item) => a(item) || b(item); }
      return left;
    };
    const both = () => {
      let left = one();
      while (at < tokens.length && tokens[at] !== "or" && tokens[at] !== ")") {
        if (tokens[at] === "and") at++;
        const [a, b] = [left, one()];
        left = (item) => a(item) && b(item);
      }
      return left;
    };
    const one = () => {
      const token = tokens[at++];
      if (token === undefined) throw new QueryError("Something is missing at the end.");
      if (token === "not") { const inner = one(); return (item) => !inner(item); }
      if (token === "(") { const inner = either(); if (tokens[at++] !== ")") throw new QueryError("A parenthesis is open."); return inner; }
      if (token === ")" || token === "and" || token === "or") throw new QueryError("“" + token + "” stands where a word was due.");
      return term(token);
    };
    if (!tokens.length) return () => true;
    const test = either();
    if (at < tokens.length) throw new QueryError("“" + tokens[at] + "” stands where nothing was due.");
    return test;
  }

  // ---- the matrix ---------------------------------------------------------------------------------------------------

  const state = { query: "", found: data.cases, shown: PAGE };

  function describe(cell, limited) {
    const all = [...cell];
    const words = all.every((letter) => letter === all[0]) ? NAMES[all[0]] : all.map((letter, at) => data.modes[at] + " " + NAMES[letter]).join(", ");
    return words + (limited ? ", client-limited" : "");
  }

  function cellNode(item, column) {
    const cell = item.c[column];
    const same = [...cell].every((letter) => letter === cell[0]);
    const mode = [...cell].findIndex((letter) => "fyukt".includes(letter));
    const name = data.providers[column];
    const target = { q: state.query, cell: [item.k, name, data.modes[Math.max(mode, 0)]].join("|") };
    const link = el("a", { tabindex: -1, href: hashOf(target), "aria-label": name + ": " + describe(cell, item.l[column]) }, ...(same ? [glyph(cell[0])] : [...cell].map(glyph)), item.l[column] ? el("span", { class: "lim" }, glyph("c")) : null);
    return el("td", { class: "p" }, link);
  }

  function caseName(key) {
    const at = key.indexOf("/") + 1;
    return [el("span", { class: "quiet" }, key.slice(0, at)), key.slice(at)];
  }

  function rowNode(item) {
    const shown = item.c.map((_, column) => column).filter((column) => !tables.hides(data.providers[column]));
    return el("tr", null, el("th", { scope: "row", class: "case", title: item.w }, ...caseName(item.k)), el("td", { class: "sev" }, item.s), ...shown.map((column) => cellNode(item, column)));
  }

  function draw() {
    const page = state.found.slice(0, state.shown);
    $("rows").replaceChildren(...page.map(rowNode));
    $("more").hidden = page.length >= state.found.length;
    $("q-count").textContent = state.found.length + " of " + data.cases.length + " cases";
    tables.rove($("matrix"));
  }

  function csv() {
    const shown = data.providers.filter((name) => !tables.hides(name));
    const rows = state.found.map((item) => [item.k, item.s, ...shown.map((name) => { const column = data.providers.indexOf(name); return describe(item.c[column], item.l[column]); })]);
    return [["Case", "Severity", ...shown], ...rows];
  }

  function search(text) {
    try {
      state.found = data.cases.filter(parse(text));
      $("q-error").textContent = "";
    } catch (error) {
      if (!(error instanceof QueryError)) throw error;
      $("q-error").textContent = error.message;
      return;
    }
    state.query = text;
    state.shown = PAGE;
    draw();
  }

  const quoted = (name) => (/[\s()":]/.test(name) ? '"' + name + '"' : name);
  const BEGIN = ["is:different", "is:failing", ...data.providers.map((name) => quoted(name) + ":fail"), "count:1(fail)"];
  let words = null;
  function queryWords() {
    const all = (of) => [...new Set(data.cases.flatMap(of))];
    words ||= ["is:different", "is:failing", "is:flaky", "count:1(fail)", "severity:must", "severity:should", "severity:info",
      ...data.providers.flatMap((name) => Object.keys(LETTERS).map((outcome) => quoted(name) + ":" + outcome)),
      ...data.checks.map(([id]) => "check:" + id), ...all((item) => item.t).map((tag) => "tag:" + tag),
      ...all((item) => item.k.split("/", 1)).map((suite) => "suite:" + suite)];
    return words;
  }

  // The last word completed; where a word is due but not begun, what it may be.
  function complete() {
    const text = $("q").value;
    const inQuotes = text.split('"').length % 2 === 0;
    const at = inQuotes ? text.lastIndexOf('"') : Math.max(text.lastIndexOf(" "), text.lastIndexOf("(", text.search(/count:\S*$/) < 0 ? Infinity : -1)) + 1;
    const [before, last] = [text.slice(0, at), text.slice(at).toLowerCase()];
    const due = /(^|[\s(])(and|or|not)\s+$|^\s*$|\($/i.test(before);
    const fitting = last ? queryWords().filter((word) => word.toLowerCase().startsWith(last) && word.toLowerCase() !== last) : due ? BEGIN : ["and ", "or "];
    $("q-words").replaceChildren(...fitting.slice(0, 16).map((word) => el("option", { value: before + word })));
  }

  // ---- the evidence -------------------------------------------------------------------------------------------------

  let items = null;
  function evidence() {
    if (!items) items = [...JSON.parse($("evidence").textContent), ...passing(JSON.parse($("answers").textContent))];
    return items;
  }

  // Of trials that pass only the answer is here; equal answers are stored once.
  function passing({ texts, rows, trials }) {
    const answers = rows.map((row) => row.map(([label, text]) => [texts[label], texts[text]]));
    return trials.map(([t, c, p, m, r, at]) => ({ t, c: texts[c], p: texts[p], m: texts[m], r, passes: true, found: [], reply: { said: answers[at] } }));
  }

  const pre = (text, label) => el("pre", { tabindex: "0", "aria-label": label }, text);
  const ms = (value) => (value === null || value === undefined ? "" : value.toFixed(1) + " ms");
  const titled = (title, ...nodes) => [el("h4", null, title), ...nodes];

  function bytesNode(pieces) {
    const box = pre("", "Bytes of the reply");
    for (const [text, on] of pieces) box.append(on ? el("mark", null, text) : text);
    return box;
  }

  function pairs(rows) {
    return el("dl", { class: "pair" }, ...rows.filter(([, value]) => value).flatMap(([key, value]) => [el("dt", null, key), el("dd", null, value)]));
  }

  function findingNode(found) {
    const [, requirement, source] = data.checks.find(([id]) => id === found.id) || ["", "", ""];
    const clause = source ? [" ", el("a", { href: source, rel: "noopener noreferrer" }, "source")] : [];
    return el("div", { class: found.s === "INFO" ? "finding info" : "finding" }, el("b", null, found.id), " ", el("span", { class: "sev" }, found.s + " · " + found.o), ...clause,
      pairs([["Requirement", requirement], ["Found", found.m], ["Expected", found.x], ["Got", found.g]]), ...(found.b || []).map(bytesNode));
  }

  function timelineNode(item) {
    const last = item.tries[item.tries.length - 1];
    const rows = [["send", last.send], ["response head", last.head]].filter(([, at]) => at !== null).map(([text, at]) => [at, text]);
    const all = [...rows, ...item.line, [last.done, last.failure ? "failed: " + last.failure : "end of body"]];
    const body = el("tbody", null, ...all.map(([at, text]) => el("tr", null, el("td", { class: "r" }, ms(at)), el("td", null, el("code", null, text)))));
    const head = el("thead", { class: "vh" }, el("tr", null, el("th", { scope: "col" }, "Time"), el("th", { scope: "col" }, "Event")));
    return el("table", { class: "events" }, el("caption", { class: "vh" }, "Timeline"), head, body);
  }

  function triesNode(item) {
    if (item.tries.length < 2) return [];
    return titled("Attempts", el("ol", null, ...item.tries.map((one) => el("li", null, (one.status || "no status") + " after " + ms(one.done) + (one.waited ? ", waited " + ms(one.waited) : "") + (one.failure ? ", " + one.failure : "")))));
  }

  async function copy(button, text) {
    try { await navigator.clipboard.writeText(text); button.textContent = "Copied"; } catch { button.textContent = "Select and copy it"; }
  }

  function requestNode(item) {
    if (!item.curl && !item.body) return titled("Request", el("p", null, "Left out of what is published."));
    if (!item.curl) return titled("Request (too long for a command here; the run directory has all of it)", pre(item.body, "Request body"));
    const button = el("button", { type: "button" }, "Copy curl");
    button.addEventListener("click", () => copy(button, item.curl));
    return titled("Request", pre(item.curl, "Request as curl"), button);
  }

  function replyNode(item) {
    if (!item.reply) return titled("Reply", el("p", null, "None arrived."));
    const rows = [...item.reply.said, ["usage", item.reply.usage], ...item.reply.odd.map(([kind, detail]) => ["odd: " + kind, detail])];
    return [...titled("Reply", pairs(rows)), ...(item.reply.raw ? titled("Body", pre(item.reply.raw, "Body")) : [])];
  }

  // The recorded and the golden answer beside the one that was given, of a case of a workload.
  function answersNode(item) {
    if (!item.w) return [];
    const sides = item.w.answers.map(([name, text]) => el("div", null, el("h4", null, name), pre(text, name)));
    return [el("div", { class: "duo " + (sides.length > 2 ? "three" : "two") }, ...sides), pairs(item.w.scores)];
  }

  function passingNode(item) {
    return el("section", { "aria-label": item.p }, el("h3", null, item.p), el("p", { class: "note" }, "pass, " + item.m + ", repeat " + (item.r + 1) + ", trial " + item.t),
      ...titled("Reply", pairs(item.reply.said)), ...titled("The whole exchange", pre("trueweight show RUN " + item.t, "Command that shows the whole exchange")));
  }

  function itemNode(item) {
    if (item.passes) return passingNode(item);
    const held = item.held.length ? [el("details", { class: "note" }, el("summary", null, item.held.length + (item.held.length === 1 ? " check held" : " checks held")), item.held.map((number) => data.held[number]).join(", "))] : [];
    return el("section", { "aria-label": item.p }, el("h3", null, item.p), el("p", { class: "note" }, item.m + ", repeat " + (item.r + 1) + ", " + item.at.slice(0, 19).replace("T", " ") + " UTC, trial " + item.t + (item.busy ? ", times not trusted: this client was busy" : "")),
      ...item.found.map(findingNode), ...held, ...answersNode(item), ...replyNode(item), ...triesNode(item), ...titled("Timeline", timelineNode(item)),
      ...titled("Again", pre("trueweight replay RUN " + item.t, "Command that sends it again")), ...titled("Response headers", pre(item.head.map(([key, value]) => key + ": " + value).join("\n") || "none", "Response headers")), ...requestNode(item));
  }

  // Every row in which two replies differ, in the order in which they are read, each from its first different character.
  function divergences(left, right) {
    const [a, b] = [left, right].map((item) => new Map(item.reply.said));
    const found = [];
    for (const label of new Set([...a.keys(), ...b.keys()])) {
      const [x, y] = [a.get(label) ?? "absent", b.get(label) ?? "absent"];
      if (x === y) continue;
      let at = 0;
      while (at < x.length && at < y.length && x[at] === y[at]) at++;
      found.push({ label, x, y, at });
    }
    return found;
  }

  function sideNode(name, text, at) {
    const from = Math.max(0, at - 200);
    return el("div", null, el("h4", null, name), el("pre", { tabindex: "0", "aria-label": "What " + name + " said" },
      el("span", { class: "same" }, (from ? "…" : "") + text.slice(from, at)), el("mark", null, text.slice(at, at + 600) || "(ends here)")));
  }

  function diffNode(left, right) {
    if (!left.reply || !right.reply) return el("p", null, "One of the two never got a reply.");
    const [first, ...rest] = divergences(left, right);
    if (!first) return el("p", { class: "first" }, "Apart from ids and times the two replies say the same.");
    const row = (one) => el("div", { class: "duo two" }, sideNode(left.p, one.x, one.at), sideNode(right.p, one.y, one.at));
    return el("div", { class: "first" }, el("h3", null, "First divergence: " + first.label), row(first), ...rest.slice(0, MOST_ROWS).flatMap((one) => [el("h3", null, "Then: " + one.label), row(one)]));
  }

  function button(text, action) {
    const node = el("button", { type: "button" }, text);
    node.addEventListener("click", action);
    return node;
  }

  function chooser(item, others, current) {
    const select = el("select", { "aria-label": "Compare with" }, el("option", { value: "" }, "compare with…"), ...others.map((other) => el("option", { value: other.t }, other.p + (other.r ? ", repeat " + (other.r + 1) : ""))));
    select.value = current ? current.t : "";
    select.addEventListener("change", () => { show(item, others.find((other) => other.t === select.value) || null); $("drawer").querySelector("select").focus(); });
    return select;
  }

  function show(item, against) {
    const others = evidence().filter((other) => other.c === item.c && other.m === item.m && other.t !== item.t);
    const top = el("div", { class: "top" }, el("h2", { id: "drawer-h" }, item.c), others.length ? chooser(item, others, against) : null, button("Close", () => $("drawer").close()));
    const both = against ? [diffNode(item, against), el("div", { class: "duo two" }, itemNode(item), itemNode(against))] : [itemNode(item)];
    open(top, ...both);
  }

  function open(...nodes) {
    $("drawer-body").replaceChildren(...nodes);
    if (!$("drawer").open) $("drawer").showModal();
    $("drawer").scrollTop = 0;
  }

  function showCell(address) {
    const end = address.lastIndexOf("|");
    const [where, mode] = [address.slice(0, end), address.slice(end + 1)];
    // A provider may have a stroke in its name: the longest name that fits is the one.
    const fitting = data.providers.filter((one) => where.endsWith("|" + one)).sort((a, b) => b.length - a.length);
    const name = fitting[0] ?? where.slice(where.lastIndexOf("|") + 1);
    const key = where.slice(0, -name.length - 1);
    const here = evidence().filter((item) => item.c === key && item.p === name);
    const item = here.find((one) => one.m === mode) || here[0];
    if (!item) {
      const words = "This file does not carry the exchange: it keeps those that went wrong, what the reference said there, and one good example each. The run directory has all of them.";
      return open(el("div", { class: "top" }, el("h2", { id: "drawer-h" }, key + " at " + name), button("Close", () => $("drawer").close())), el("p", null, words), el("pre", null, "trueweight show RUN '" + key.replaceAll("'", "'\\''") + "' --provider '" + name.replaceAll("'", "'\\''") + "'"));
    }
    const others = evidence().filter((other) => other.c === key && other.m === item.m && other.t !== item.t);
    const reference = others.find((other) => other.p === data.reference);
    // A passing answer of the reference, or of a run without one, stands beside that of another provider.
    return show(item, reference || (item.passes || !item.found.length ? others.find((other) => other.p !== item.p) : null) || null);
  }

  function follow() {
    if (location.hash.length > 1 && !location.hash.includes("=")) return undefined; // a place in the page, no address of ours
    const parts = readHash();
    const query = parts.q || "";
    if ($("q").value !== query && (query || parts.cell === undefined)) { $("q").value = query; }
    if (query !== state.query) search(query);
    if (parts.cell) return showCell(parts.cell);
    const item = parts.trial && evidence().find((one) => one.t === parts.trial);
    if (item) return showCell([item.c, item.p, item.m].join("|"));
    if ($("drawer").open) $("drawer").close();
    return undefined;
  }

  $("query-bar").hidden = false;
  $("q").addEventListener("input", () => { complete(); search($("q").value); if ($("q-error").textContent === "") setHash({ q: state.query }); });
  $("q").addEventListener("focus", complete);
  $("more").addEventListener("click", () => {
    const before = $("rows").rows.length;
    state.shown += PAGE;
    draw();
    $("rows").rows[before].querySelector("a").focus(); // the first of the new rows: the button may be gone
  });
  $("q-count").after(tables.csvButton("cases", csv));
  tables.onChange(draw);
  $("drawer").addEventListener("close", () => { const { q } = readHash(); setHash({ q }); });
  $("drawer").addEventListener("click", (event) => { if (event.target === $("drawer")) $("drawer").close(); });
  addEventListener("hashchange", follow);
  addEventListener("popstate", follow);
  draw();
  follow();
})();
