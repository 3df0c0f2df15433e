"use strict";
// What the portal's pages do besides sending forms. Everything hangs on data- attributes and is found by
// delegation, so that parts which htmx swaps in work without being set up. Without this file every page works.
(() => {
  const root = document.documentElement;
  const year = 31536000;
  const setCookie = (name, value) => {
    const [prefix, secure] = location.protocol === "https:" ? ["__Host-", "; secure"] : ["", ""];
    document.cookie =
      `${prefix}${name}=${encodeURIComponent(value)}; path=/; max-age=${year}; samesite=lax${secure}`;
  };

  // ---- the user's time zone, for the server to write times in ----
  const locale = root.lang === "en" ? "en-GB" : root.lang;
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone) setCookie("tz", zone);

  // ---- dark and light ----
  const isDark = () => (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const switchTheme = () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    setCookie("theme", root.dataset.theme);
    redrawCharts();
  };

  // ---- short words in the corner ----
  const toast = (text) => {
    const corner = document.getElementById("toasts");
    if (!corner || !text || [...corner.children].some((line) => line.textContent === text)) return;
    const line = document.createElement("div");
    line.className = "toast";
    line.textContent = text;
    corner.append(line);
    setTimeout(() => line.remove(), 6000);
  };

  // ---- copying ----
  const copy = async (button) => {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
    } catch {
      const field = document.createElement("textarea");
      field.value = button.dataset.copy;
      button.after(field);
      field.select();
      document.execCommand("copy");
      field.remove();
    }
    button.classList.add("copied");
    toast(button.dataset.copied);
    setTimeout(() => button.classList.remove("copied"), 2000);
  };

  // ---- clicks and keys ----
  const closeMenus = (except) => {
    for (const menu of document.querySelectorAll("details[data-menu][open]")) {
      if (menu !== except) menu.open = false;
    }
  };
  // A table scrolls sideways and would cut its menus off: they are laid over the page, on the side with room.
  document.addEventListener("toggle", ({ target }) => {
    if (!target.open || !target.matches?.(".table-wrap details[data-menu]")) return;
    const panel = target.querySelector(".menu-panel");
    const button = target.querySelector("summary").getBoundingClientRect();
    const left = button.right - panel.offsetWidth;
    const below = button.bottom + 6;
    const fits = below + panel.offsetHeight < innerHeight - 8;
    Object.assign(panel.style, {
      position: "fixed",
      right: "auto",
      left: `${Math.max(8, Math.min(left, innerWidth - panel.offsetWidth - 8))}px`,
      top: `${fits ? below : Math.max(8, button.top - 6 - panel.offsetHeight)}px`,
    });
  }, true);
  document.addEventListener("scroll", () => {
    for (const menu of document.querySelectorAll(".table-wrap details[data-menu][open]")) menu.open = false;
  }, { capture: true, passive: true });
  document.addEventListener("click", (event) => {
    const target = event.target instanceof Element ? event.target : root;
    closeMenus(target.closest("details[data-menu]"));
    if (target.closest("[data-theme-switch]")) switchTheme();
    const copying = target.closest("[data-copy]");
    if (copying) copy(copying);
    const inserting = target.closest("[data-insert]");
    if (inserting) insertInto(document.getElementById(inserting.dataset.into), inserting.dataset.insert);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      const menu = document.activeElement?.closest("details[data-menu][open]");
      closeMenus();
      menu?.querySelector("summary")?.focus();
    }
    const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      const search = document.querySelector("[data-search]");
      if (search) {
        event.preventDefault();
        search.focus();
      }
    }
  });
  document.addEventListener("change", (event) => {
    // The value may name the button that is as good as pressed.
    if (event.target.matches("[data-submit]")) event.target.form?.requestSubmit(document.getElementById(event.target.dataset.submit) || undefined);
  });

  // ---- the calendar: one stop of the tabulator, arrows go from day to day ----
  const daysOf = (calendar) => [...calendar.querySelectorAll("input[name=days]:enabled")];
  const beStop = (calendar, day) => {
    for (const each of daysOf(calendar)) each.tabIndex = each === day ? 0 : -1;
  };
  const addMonths = (day, count) => {
    const wanted = day.getUTCDate();
    day.setUTCMonth(day.getUTCMonth() + count + 1, 0); // the last day of that month
    if (wanted < day.getUTCDate()) day.setUTCDate(wanted);
  };
  const jumps = {
    Home: (day) => day.setUTCDate(day.getUTCDate() - ((day.getUTCDay() + 6) % 7)),
    End: (day) => day.setUTCDate(day.getUTCDate() + ((7 - day.getUTCDay()) % 7)),
    PageUp: (day) => addMonths(day, -1),
    PageDown: (day) => addMonths(day, 1),
  };
  const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 };
  document.addEventListener("keydown", (event) => {
    const calendar = event.target.closest?.("[data-calendar]");
    if (!calendar || event.target.name !== "days" || event.ctrlKey || event.altKey || event.metaKey) return;
    const day = new Date(`${event.target.value}T12:00:00Z`);
    if (event.key in steps) day.setUTCDate(day.getUTCDate() + steps[event.key]);
    else if (event.key in jumps) jumps[event.key](day);
    else return;
    event.preventDefault();
    const wanted = day.toISOString().slice(0, 10);
    const days = daysOf(calendar);
    let found = days.find((each) => each.value === wanted);
    if (!found && event.key in jumps) found = wanted < event.target.value ? days[0] : days.at(-1);
    if (found) beStop(calendar, found);
    found?.focus();
  });
  document.addEventListener("focusin", (event) => {
    const calendar = event.target.closest?.("[data-calendar]");
    if (calendar && event.target.name === "days") beStop(calendar, event.target);
  });

  // ---- dialogs and the menu of phones: opened by popovertarget, so that they work without this file too ----
  const openedAt = new WeakMap();
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[popovertarget]");
    const dialog = button && document.getElementById(button.getAttribute("popovertarget"));
    if (!(dialog instanceof HTMLDialogElement)) return;
    if (dialog.matches(":popover-open")) return;
    event.preventDefault();
    if (button.getAttribute("popovertargetaction") === "hide") return dialog.close();
    openedAt.set(dialog, event.timeStamp);
    dialog.showModal();
  });
  document.addEventListener("beforetoggle", (event) => {
    if (event.newState === "open") openedAt.set(event.target, event.timeStamp);
  }, true);
  const nav = document.getElementById("nav");
  document.addEventListener("focusin", ({ target }) => {
    // Who has gone on from the menu by the keyboard must not look for the focus behind it.
    if (nav?.matches(":popover-open") && !nav.contains(target)) nav.hidePopover();
  });

  // ---- taps that come twice ----
  // The second tap on what has just opened was meant for the button that opened it.
  document.addEventListener("click", (event) => {
    const opened = event.target.closest?.("dialog, [popover]");
    if (event.detail && event.timeStamp - openedAt.get(opened) < (event.detail > 1 ? 600 : 150)) {
      event.preventDefault();
      event.stopPropagation();
    }
  }, true);
  // A form that is being sent is not sent again. It may be after a while: its answer can be a file.
  const sending = new WeakMap();
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post") return;
    if (event.timeStamp - sending.get(form) < 5000) return event.preventDefault();
    sending.set(form, event.timeStamp);
    event.submitter?.classList.add("sending");
    setTimeout(() => event.submitter?.classList.remove("sending"), 5000);
  });
  addEventListener("pageshow", ({ persisted }) => {
    if (!persisted) return;
    for (const form of document.forms) sending.delete(form);
    for (const button of document.querySelectorAll(".sending")) button.classList.remove("sending");
  });
  // What a folded part has wrong cannot be shown before it is unfolded.
  document.addEventListener("invalid", ({ target }) => {
    const fold = target.closest("details:not([open])");
    if (fold) fold.open = true;
  }, true);

  const visited = new WeakSet();
  document.addEventListener("focusin", (event) => visited.add(event.target));
  const insertInto = (field, text) => {
    if (!field) return;
    // Where nobody has been yet, there is no cursor: then at the end.
    const [from, to] = visited.has(field) ? [field.selectionStart, field.selectionEnd] : [field.value.length, field.value.length];
    field.setRangeText(text, from, to, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.focus();
  };

  // ---- counting segments while typing: GSM 03.38 and UCS-2, as the server counts ----
  const basic = new Set("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà");
  const extended = new Set("\f^{}\\[~]|€");
  const count = (text) => {
    const characters = [...text];
    const costly = [...new Set(characters.filter((c) => !basic.has(c) && !extended.has(c)))];
    const twice = [...new Set(characters.filter((c) => extended.has(c)))];
    const sizes = characters.map((c) => (costly.length ? c.length : extended.has(c) ? 2 : 1));
    const units = sizes.reduce((sum, size) => sum + size, 0);
    const [single, many] = costly.length ? [70, 67] : [160, 153];
    if (units <= single) return { units, segments: units ? 1 : 0, left: single - units, costly, twice };
    let segments = 1;
    let used = 0;
    for (const size of sizes) {
      if (used + size > many) {
        segments += 1;
        used = 0;
      }
      used += size;
    }
    return { units, segments, left: many - used, costly, twice };
  };
  const showCount = (field) => {
    for (const counter of document.querySelectorAll(`[data-count-for="${CSS.escape(field.id)}"]`)) {
      const result = count(field.value.replaceAll("\r\n", "\n"));
      const say = (name, text) => {
        const place = counter.querySelector(`[data-count="${name}"]`);
        if (!place) return;
        place.textContent = text;
        const unit = place.nextElementSibling;
        if (unit?.dataset.many) unit.textContent = text === 1 ? unit.dataset.one : unit.dataset.many;
      };
      say("units", result.units);
      say("segments", result.segments);
      say("left", result.left);
      say("encoding", result.costly.length ? "UCS-2" : "GSM-7");
      const costly = counter.querySelector('[data-count="costly"]');
      if (costly) {
        const named = result.costly.length ? result.costly : result.twice;
        costly.hidden = !named.length;
        costly.textContent = `${result.costly.length ? costly.dataset.shorter : costly.dataset.twice} ${named.slice(0, 12).join(" ")}`;
      }
    }
    for (const mirror of document.querySelectorAll(`[data-mirror="${CSS.escape(field.id)}"]`)) mirror.textContent = field.value;
  };
  document.addEventListener("input", (event) => {
    if (event.target.id) showCount(event.target);
  });

  // ---- what somebody unfolded stays so when a live part comes anew ----
  const unfolded = new Set();
  // A fold that closes by itself was closed by the part that came: only a person folds for good.
  document.addEventListener("toggle", ({ target }) => {
    if (target.dataset.kept && target.open) unfolded.add(target.dataset.kept);
  }, true);
  document.addEventListener("click", ({ target }) => {
    const fold = target.closest?.("summary")?.parentElement;
    if (fold?.dataset.kept) unfolded[fold.open ? "delete" : "add"](fold.dataset.kept);
  }, true);

  // ---- charts: uPlot is fetched when a page has one ----
  const shownZone = root.dataset.zone || zone || "UTC";
  const charts = new Map();
  let plotting;
  const fetched = (kind, attributes) =>
    new Promise((resolve, reject) => {
      const element = Object.assign(document.createElement(kind), attributes);
      element.onload = resolve;
      element.onerror = () => reject(new Error(`${kind} of the charts`));
      document.head.append(element);
    });
  const plotter = () => {
    plotting ||= Promise.all([
      fetched("link", { rel: "stylesheet", href: root.dataset.uplotCss }),
      fetched("script", { src: root.dataset.uplotJs }),
    ]).then(() => window.uPlot);
    return plotting;
  };
  const colour = (box, name) => {
    const probe = document.createElement("i");
    probe.style.color = `var(--${name})`;
    box.append(probe);
    const found = getComputedStyle(probe).color;
    probe.remove();
    return found;
  };
  const tones = { good: "good-fill", bad: "bad-fill", warn: "warn-fill", wait: "wait-fill", neutral: "neutral-fill", accent: "sun-strong" };
  const seriesOf = (uPlot, box, line) => {
    const stroke = colour(box, tones[line.tone] || tones.accent);
    const kind = box.dataset.chart;
    const unit = box.dataset.unit || "";
    const wash = stroke.replace(/^rgb\((.*)\)$/, "rgba($1, 0.16)");
    return {
      label: line.label,
      stroke,
      width: kind === "bars" ? 0 : 2,
      fill: kind === "bars" ? stroke : kind === "area" ? wash : undefined,
      paths: kind === "bars" ? uPlot.paths.bars({ size: [0.7, 40], radius: 0.15 }) : undefined,
      points: { show: false },
      value: (_, value) => (value == null ? "–" : value.toLocaleString(locale) + unit),
    };
  };
  const wholeSteps = [...Array(10).keys()].flatMap((power) => [1, 2, 5].map((step) => step * 10 ** power));
  const draw = (uPlot, box, data) => {
    charts.get(box)?.plot?.destroy();
    box.replaceChildren();
    if (!data.time?.length) return message(box, box.dataset.empty);
    const ink = colour(box, "ink-soft");
    const grid = { stroke: colour(box, "line"), width: 1 };
    const axis = { stroke: ink, grid, ticks: { show: false }, font: "12px system-ui, sans-serif" };
    const areWhole = data.series.every((line) => line.values.every((value) => value === null || Number.isInteger(value)));
    const hasLegend = !box.classList.contains("s");
    new uPlot(
      {
        width: box.clientWidth,
        height: box.clientHeight,
        tzDate: (at) => uPlot.tzDate(new Date(at * 1000), shownZone),
        padding: [12, 26, 0, 0], // half of the last date stands beyond the last point
        cursor: { points: { size: 7 } },
        legend: { show: hasLegend },
        hooks: { ready: [(plot) => begin(plot, box, data)] },
        series: [{ label: box.dataset.time, value: (_, at) => (at == null ? "–" : new Date(at * 1000).toLocaleString(locale, { dateStyle: "medium", timeStyle: "short", timeZone: shownZone })) }, ...data.series.map((line) => seriesOf(uPlot, box, line))],
        scales: { y: { range: (_, low, high) => [Math.min(0, low), high > 0 ? high * 1.08 : 1] } },
        axes: [
          { ...axis, grid: { show: false }, space: 70, size: 32, values: (_, splits, __, ___, step) => splits.map((at) => tick(at, step)) },
          { ...axis, size: 54, ...(areWhole ? { incrs: wholeSteps } : {}), values: (_, splits) => splits.map((v) => v.toLocaleString(locale, { notation: "compact" }) + (box.dataset.unit || "")) },
        ],
      },
      [data.time, ...data.series.map((line) => line.values)],
      box,
    );
  };
  const begin = (plot, box, data) => {
    charts.set(box, { plot, data });
    const showLast = () => plot.setLegend({ idx: data.time.length - 1 });
    plot.over.addEventListener("mouseleave", () => setTimeout(showLast));
    showLast();
    setTimeout(() => fit(box)); // a size set while uPlot commits its first drawing is lost
  };
  const fit = (box) => {
    const plot = charts.get(box)?.plot;
    const legend = plot?.root.querySelector(".u-legend")?.offsetHeight || 0;
    plot?.setSize({ width: box.clientWidth, height: box.clientHeight - legend });
  };
  const tick = (at, step) =>
    new Date(at * 1000).toLocaleString(locale, step >= 86400 ? { day: "numeric", month: "short", timeZone: shownZone } : { hour: "2-digit", minute: "2-digit", timeZone: shownZone });
  const message = (box, text) => {
    const line = document.createElement("p");
    line.className = "chart-message";
    line.textContent = text;
    box.replaceChildren(line);
  };
  const show = async (box) => {
    try {
      const uPlot = await plotter();
      const given = box.dataset.values;
      const answer = given ? null : await fetch(box.dataset.src, { headers: { Accept: "application/json" } });
      if (answer && !answer.ok) throw new Error(answer.statusText);
      const data = given ? JSON.parse(given) : await answer.json();
      if (box.isConnected) draw(uPlot, box, data);
    } catch (failure) {
      console.warn("chart", box.id, failure);
      if (!charts.get(box)?.plot) message(box, box.dataset.failed);
    }
  };
  const resized = new ResizeObserver((entries) => {
    for (const { target } of entries) fit(target);
  });
  const findCharts = () => {
    for (const [box, chart] of charts) {
      if (box.isConnected) continue;
      chart.plot?.destroy();
      resized.unobserve(box);
      charts.delete(box);
    }
    for (const box of document.querySelectorAll("[data-chart]")) {
      if (charts.has(box)) continue;
      charts.set(box, {});
      resized.observe(box);
      show(box);
      const every = Number(box.dataset.refresh);
      if (every && box.dataset.src) {
        const timer = setInterval(() => (box.isConnected ? document.hidden || show(box) : clearInterval(timer)), every * 1000);
      }
    }
  };
  const redrawCharts = async () => {
    for (const [box, chart] of charts) if (chart.data) draw(await plotter(), box, chart.data);
  };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redrawCharts);

  // ---- a live part says that somebody else, or nobody, is at the keyboard: the page knows what to show then ----
  document.addEventListener("signed-out", () => location.reload());

  // ---- htmx: a request that fails is said, and what it brings is set up ----
  document.addEventListener("htmx:error", () => toast(document.getElementById("toasts")?.dataset.failed));
  const focused = new WeakSet();
  const scrolledAway = new WeakSet();
  document.addEventListener("scroll", ({ target }) => {
    if (!target.matches?.("[data-scroll-end]")) return;
    const isAtEnd = target.scrollHeight - target.scrollTop - target.clientHeight < 40;
    scrolledAway[isAtEnd ? "delete" : "add"](target);
  }, { capture: true, passive: true });
  const settle = () => {
    findCharts();
    for (const fold of document.querySelectorAll("details[data-kept]")) fold.open ||= unfolded.has(fold.dataset.kept);
    for (const calendar of document.querySelectorAll("[data-calendar]")) {
      const days = daysOf(calendar);
      beStop(calendar, days.find((each) => each.tabIndex === 0 && each === document.activeElement) || days[0]);
    }
    for (const counter of document.querySelectorAll("[data-count-for]")) {
      const field = document.getElementById(counter.dataset.countFor);
      if (field) showCount(field);
    }
    const wanting = document.querySelector("[data-focus]");
    if (wanting && !focused.has(wanting)) {
      focused.add(wanting);
      wanting.focus();
    }
    for (const end of document.querySelectorAll("[data-scroll-end]")) {
      if (!scrolledAway.has(end)) end.scrollTop = end.scrollHeight;
    }
  };
  // ---- the page's own line in a navigation that is longer than the window ----
  const showOwnLine = () => {
    const list = document.querySelector(".sidebar-inner");
    const line = list?.querySelector('[aria-current="page"]');
    if (!line) return;
    const hidden = line.getBoundingClientRect().bottom - list.getBoundingClientRect().bottom;
    if (hidden > 0) list.scrollTop += hidden + list.clientHeight / 3;
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", showOwnLine);
  else showOwnLine();

  document.addEventListener("htmx:after:swap", settle);
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", settle);
  else settle();
})();
