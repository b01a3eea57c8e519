// Tables: sorted, with chosen columns and providers, as CSV, and by keyboard: one stop for Tab, arrow keys within.
"use strict";
const tables = (() => {
  const $ = (id) => document.getElementById(id);

  function el(tag, attributes, ...children) {
    const node = document.createElement(tag);
    for (const [key, value] of Object.entries(attributes || {})) if (value !== null) node.setAttribute(key, value);
    node.append(...children.filter((child) => child !== null && child !== undefined));
    return node;
  }

  const overview = $("providers");
  const bodies = [...overview.tBodies]; // one for each provider, in the order of the recommendation
  const heads = [...overview.tHead.rows[0].cells];
  const nameOf = (body) => body.querySelector("th bdi").textContent;
  const state = { sort: "", columns: new Set(), providers: new Set() }; // what is hidden
  const listeners = [];
  const hides = (name) => state.providers.has(name);

  // ---- sort, and choose ---------------------------------------------------------------------------------------------

  function compare(column, low) {
    const value = (body) => { const text = body.rows[0].cells[column].dataset.v; return text === "" ? NaN : Number(text); };
    return (a, b) => {
      const [x, y] = [value(a), value(b)];
      if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) - Number.isNaN(y); // what was not measured comes last
      return low ? x - y : y - x;
    };
  }

  function sort() {
    const column = heads.findIndex((head) => head.dataset.id === state.sort);
    const order = [...bodies];
    if (state.sort === "name") order.sort((a, b) => nameOf(a).localeCompare(nameOf(b), "en", { numeric: true }));
    else if (column > 0) order.sort(compare(column, "low" in heads[column].dataset));
    overview.append(...order);
    heads.forEach((head, at) => {
      const on = at === column || (at === 0 && state.sort === "name");
      if (!on) head.removeAttribute("aria-sort");
      else head.setAttribute("aria-sort", at === 0 || "low" in head.dataset ? "ascending" : "descending");
    });
  }

  function show() {
    const gone = heads.map((head) => state.columns.has(head.dataset.id));
    const rows = [...overview.tHead.rows, ...bodies.map((body) => body.rows[0])];
    for (const row of rows) [...row.cells].forEach((cell, at) => { cell.hidden = gone[at]; });
    for (const body of bodies) { body.hidden = hides(nameOf(body)); body.rows[1].cells[0].colSpan = gone.filter((one) => !one).length; }
    for (const table of document.querySelectorAll(".by-provider")) hideColumns(table);
    for (const row of document.querySelectorAll(".charts tbody tr")) row.hidden = hides((row.querySelector("th bdi") || row.previousElementSibling.querySelector("th bdi")).textContent);
    for (const part of document.querySelectorAll("#why .of")) part.hidden = hides(part.querySelector("h3 bdi").textContent);
    for (const listener of listeners) listener();
  }

  function hideColumns(table) {
    const names = [...table.tHead.rows[0].cells].map((cell) => (cell.querySelector("bdi") || { textContent: null }).textContent);
    const rows = table.id === "matrix" ? [table.tHead.rows[0]] : [...table.rows]; // the cells of the matrix are drawn anew
    for (const row of rows) [...row.cells].forEach((cell, at) => { cell.hidden = names[at] !== null && hides(names[at]); });
  }

  const list = (text) => (text || "").split(",").filter(Boolean).map(decodeURIComponent);

  function address() {
    const written = (of) => [...of].map(encodeURIComponent).join(",");
    return { sort: state.sort, hide: written(state.columns), without: written(state.providers) };
  }

  function restore() {
    const parts = new URLSearchParams(location.hash.slice(1).replaceAll("+", "%2B"));
    const wanted = parts.get("sort");
    if ([...$("sort").options].some((option) => option.value === wanted)) state.sort = wanted;
    try {
      state.columns = new Set(list(parts.get("hide")));
      state.providers = new Set(list(parts.get("without")));
    } catch { /* a broken escape hides nothing */ }
    $("sort").value = state.sort;
    for (const box of boxes()) box.checked = !(box.name === "column" ? state.columns : state.providers).has(box.value);
  }

  const boxes = () => [...$("choose").querySelectorAll("input")];

  function choose() {
    state.sort = $("sort").value;
    const off = (name) => new Set(boxes().filter((box) => box.name === name && !box.checked).map((box) => box.value));
    [state.columns, state.providers] = [off("column"), off("provider")];
    sort();
    show();
    settle();
    const kept = new URLSearchParams(location.hash.slice(1).replaceAll("+", "%2B")).get("q");
    const hash = "#" + Object.entries({ q: kept, ...address() }).filter(([, value]) => value).map(([key, value]) => key + "=" + encodeURIComponent(value)).join("&");
    history.replaceState(null, "", hash);
  }

  // ---- CSV of what is shown -----------------------------------------------------------------------------------------

  const shownCells = (row) => [...row.cells].filter((cell) => !cell.hidden);
  const plain = (node) => (node ? node.textContent.replace(/\s+/g, " ").trim() : "");

  function overviewRows() {
    const columns = heads.slice(1).filter((head) => !head.hidden).map((head) => plain(head.querySelector("a")));
    const lines = [...overview.tBodies].filter((body) => !body.hidden).map((body) => {
      const numbers = shownCells(body.rows[0]).slice(1).flatMap((cell) => [plain(cell.querySelector(".num")), plain(cell.querySelector(".ci"))]);
      return [nameOf(body), plain(body.querySelector(".v")), ...numbers, plain(body.rows[1])];
    });
    return [["Provider", "Recommendation", ...columns.flatMap((title) => [title, title + ", beside"]), "In words"], ...lines];
  }

  function tableRows(table) {
    const spread = (cell) => [cell.textContent.includes("\n") ? plain(cell) : [...cell.childNodes].map(plain).filter(Boolean).join(" "), ...Array(Math.max(0, cell.colSpan - 1)).fill("")];
    return [...table.rows].filter((row) => !row.hidden).map((row) => shownCells(row).flatMap(spread));
  }

  // Of a text that a spreadsheet takes for a formula the first character is made harmless; a number stays a number.
  function csvCell(text) {
    const number = text.replace("−", "-");
    if (/^-?\d+(\.\d+)?%?$/.test(number)) return number;
    const safe = /^[=+\-@\t\r]/.test(text) && !/^\+?\d[\d. ]*$/.test(text) ? "'" + text : text;
    return /[",\n\r]/.test(safe) ? '"' + safe.replaceAll('"', '""') + '"' : safe;
  }

  function csvButton(name, rows) {
    const button = el("button", { type: "button", class: "csv", "aria-label": "CSV of " + name }, "CSV");
    button.addEventListener("click", () => {
      const text = rows().map((row) => row.map(csvCell).join(",")).join("\n") + "\n";
      const url = URL.createObjectURL(new Blob(["\ufeff" + text], { type: "text/csv" }));
      el("a", { href: url, download: name.replace(/[^\w]+/g, "-") + ".csv" }).click();
      setTimeout(() => URL.revokeObjectURL(url), 10_000);
    });
    return button;
  }

  // ---- keyboard -----------------------------------------------------------------------------------------------------

  const current = new WeakMap(); // container → the element that Tab stops at

  function lines(root) {
    const rows = root.tagName === "TABLE" ? [...root.rows] : [...root.children];
    return rows.map((row) => [...row.querySelectorAll("a[href], button")].filter((one) => one.checkVisibility())).filter((row) => row.length);
  }

  function stopAt(root, one) {
    const before = current.get(root);
    if (before) before.tabIndex = -1;
    if (one) one.tabIndex = 0;
    current.set(root, one);
  }

  function rove(root) {
    const now = current.get(root);
    for (const one of root.querySelectorAll("a[href], button")) if (one.getAttribute("tabindex") !== "-1") one.tabIndex = -1;
    stopAt(root, now && root.contains(now) && now.checkVisibility() ? now : (lines(root)[0] || [])[0]);
    if (root.dataset.roves) return;
    root.dataset.roves = "on";
    root.addEventListener("keydown", (event) => step(root, event));
    root.addEventListener("focusin", (event) => stopAt(root, event.target.closest("a, button")));
  }

  function step(root, event) {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const rows = lines(root);
    const y = rows.findIndex((row) => row.includes(document.activeElement));
    if (y < 0) return;
    const x = rows[y].indexOf(document.activeElement);
    const flat = rows.flat();
    const at = flat.indexOf(document.activeElement);
    const column = (row) => row && row[Math.min(x, row.length - 1)];
    const next = { ArrowRight: flat[at + 1], ArrowLeft: flat[at - 1], ArrowDown: column(rows[y + 1]), ArrowUp: column(rows[y - 1]), Home: rows[y][0], End: rows[y].at(-1),
      PageDown: column(rows[Math.min(y + 10, rows.length - 1)]), PageUp: column(rows[Math.max(y - 10, 0)]) };
    if (!Object.hasOwn(next, event.key)) return;
    event.preventDefault();
    if (next[event.key]) next[event.key].focus();
  }

  // A region that scrolls and has nothing to stop at is itself a stop; every other region is none.
  function settle() {
    for (const region of document.querySelectorAll(".scroll")) {
      const scrolls = region.scrollWidth > region.clientWidth + 1 || region.scrollHeight > region.clientHeight + 1;
      if (scrolls && !region.querySelector("a[href], button")) region.tabIndex = 0;
      else region.removeAttribute("tabindex");
    }
  }

  restore();
  $("tools").hidden = false;
  $("tools").insertBefore(csvButton("providers", overviewRows), $("choose"));
  $("tools").addEventListener("change", choose);
  for (const table of document.querySelectorAll(".charts, .numbers")) {
    const region = table.closest(".scroll");
    const title = region && region.previousElementSibling;
    if (title && title.tagName === "H3") title.append(" ", csvButton(plain(title), () => tableRows(table)));
  }
  for (const root of document.querySelectorAll("dl.answer, dl.words, .scroll table")) if (root.querySelector("a[href]")) rove(root);
  sort();
  show();
  settle();
  addEventListener("resize", settle);
  document.addEventListener("toggle", settle, true);
  return { $, el, address, hides, rove, csvButton, onChange: (listener) => listeners.push(listener) };
})();
