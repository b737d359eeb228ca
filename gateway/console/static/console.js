/* The console's only script. Without it every page and form still works; with it forms and filters are swapped in
   place, boards refresh themselves, and the keyboard moves about. */
(() => {
  "use strict";
  const main = () => document.getElementById("main");
  const say = (text) => { document.getElementById("told").textContent = text; };
  const isTyping = (target) => target.closest("input, select, textarea, [contenteditable]") !== null;

  const swap = (html, address, keep) => {
    const fresh = new DOMParser().parseFromString(html, "text/html");
    const next = fresh.getElementById("main");
    if (!next || !fresh.body.hasAttribute("data-signed-in")) { window.location.assign(address); return; }
    main().replaceWith(next);
    document.title = fresh.title;
    const nav = document.querySelector(".top nav");
    const freshNav = fresh.querySelector(".top nav");
    if (nav && freshNav) nav.replaceWith(freshNav);
    prepare(next);
    if (!keep) {
      const told = next.querySelector("[role=alert], p.done");
      if (told) {
        told.setAttribute("tabindex", "-1");
        told.focus();
        told.scrollIntoView({ block: "center" });
      }
    }
  };

  const send = async (form, button) => {
    const isPost = form.method === "post";
    const data = new FormData(form);
    let address = form.action;
    const options = { credentials: "same-origin", headers: { Accept: "text/html" } };
    if (isPost) {
      options.method = "POST";
      options.body = new URLSearchParams(data);
    } else {
      address = `${address.split("?")[0]}?${new URLSearchParams([...data].filter(([, value]) => value !== ""))}`;
    }
    if (button) button.disabled = true;
    try {
      const answer = await fetch(address, options);
      const html = await answer.text();
      if (answer.redirected || !isPost) window.history.pushState({}, "", answer.url);
      swap(html, answer.url, false);
    } catch {
      form.removeAttribute("data-swap");
      form.requestSubmit();
    } finally {
      if (button) button.disabled = false;
    }
  };

  document.addEventListener("submit", (event) => {
    if (!event.target.hasAttribute("data-swap")) return;
    event.preventDefault();
    send(event.target, event.submitter);
  });
  document.addEventListener("change", (event) => {
    if (event.target.hasAttribute("data-filter")) event.target.form.requestSubmit();
    if (event.target.hasAttribute("data-fact")) offer(event.target);
  });
  document.addEventListener("click", (event) => {
    const now = event.target.closest("[data-now]");
    if (now) {
      const shanghai = new Date().toLocaleString("sv-SE", { timeZone: "Asia/Shanghai" });
      document.getElementById(now.dataset.now).value = shanghai.slice(0, 16).replace(" ", "T");
    }
    if (event.target.closest("[data-print]")) window.print();
  });
  window.addEventListener("popstate", () => window.location.reload());

  /* What a chosen fact may be, and in which unit. */
  const offer = (select) => {
    const option = select.selectedOptions[0];
    const list = document.getElementById(select.dataset.fact);
    const values = JSON.parse(option.dataset.values || "[]");
    list.replaceChildren(...values.map((value) => Object.assign(document.createElement("option"), { value })));
    const unit = document.querySelector(`[data-unit-of="${select.dataset.fact}"]`);
    if (unit) unit.textContent = option.dataset.unit || "";
  };

  const prepare = (root) => root.querySelectorAll("[data-fact]").forEach(offer);

  /* Boards look again by themselves, unless somebody is busy on them. */
  const refresh = async () => {
    const board = document.querySelector("[data-refresh]");
    if (!board || document.hidden || isTyping(document.activeElement)) return;
    try {
      const answer = await fetch(window.location.href, { credentials: "same-origin" });
      if (!answer.ok || answer.redirected) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-refresh]");
      if (!fresh || fresh.innerHTML === board.innerHTML) return;
      const at = rows().findIndex((row) => row.classList.contains("at"));
      board.replaceWith(fresh);
      if (at >= 0) go(at);
    } catch { /* the next turn tries again */ }
  };
  const board = document.querySelector("[data-refresh]");
  window.setInterval(refresh, 1000 * Number(board ? board.dataset.refresh : 30));

  /* j and k move along the rows, Enter opens, g and a letter goes to a page, / goes to the filter. */
  const rows = () => [...document.querySelectorAll("[data-rows] tbody tr")].filter((row) => row.querySelector("a.row"));
  const go = (index) => {
    const all = rows();
    const row = all[Math.max(0, Math.min(index, all.length - 1))];
    if (!row) return;
    all.forEach((other) => other.classList.toggle("at", other === row));
    const link = row.querySelector("a.row");
    link.focus();
    say(link.textContent);
  };
  let leads = false;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    const at = rows().findIndex((row) => row.classList.contains("at"));
    const wanted = leads && document.querySelector(`[data-go="${event.key}"]`);
    if (wanted) { event.preventDefault(); wanted.click(); return; }
    leads = event.key === "g";
    if (event.key === "j") go(at + 1);
    else if (event.key === "k") go(at < 0 ? 0 : at - 1);
    else if (event.key === "/") {
      const filter = document.querySelector(".filter select, .filter input");
      if (filter) { event.preventDefault(); filter.focus(); }
    }
  });

  window.addEventListener("beforeprint", () => {
    document.querySelectorAll(".clocks details").forEach((one) => { one.dataset.was = one.open ? "1" : ""; one.open = true; });
  });
  window.addEventListener("afterprint", () => {
    document.querySelectorAll(".clocks details").forEach((one) => { one.open = one.dataset.was === "1"; });
  });
  prepare(document);
  document.documentElement.dataset.ready = "1"; // keys and swaps work from here on
})();
