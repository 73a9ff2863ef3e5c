// Attune's collector: tells POST /v1/events what a person does on a page. The README lists its attributes and calls.
//
// An event is kept in localStorage, under a key of its own, until collect has answered for it, and keeps its id however
// often it is sent: what a closing page sent without hearing the answer, the next page sends again. It counts once.
// Served without comments and spaces.
(() => {
  const early = window.attune;
  if (early?.track) return; // loaded twice
  const script = document.currentScript;
  const options = script.dataset;
  const endpoint = (options.endpoint || new URL(".", script.src).href).replace(/\/+$/, "");
  const KINDS = (
    "page_view scroll item_view click search video_play dwell bookmark share comment form_submit sign_up add_to_cart " +
    "remove_from_cart begin_checkout purchase dismiss impression identify alias consent custom"
  ).split(" ");
  const FIELDS = "item_ids category value currency quantity dwell_s duration_s scroll_depth decision_id slot".split(" ");
  const SILENCE_MS = 18e5;
  const MAX_QUEUE = 200;
  const MAX_CHARS = 2e4; // three bytes each at worst: browsers keep 64 KiB alive for pages that are gone
  // What templates leave behind where an id should be: collect refuses these.
  const NOBODY = /^(null|undefined|none|nil|nan|anonymous|guest|unknown|false|true|\[object object]|n\/a|[0-]*)$/i;
  const clip = (text, most = 256) => (text ? String(text).slice(0, most).replace(/\p{C}/gu, " ") : undefined);
  const uuid = () => crypto.getRandomValues(new Uint32Array(4)).join("-");
  const isVisible = () => document.visibilityState === "visible";
  const listen = (target, names, listener) =>
    names.split(" ").forEach((name) => target.addEventListener(name, listener, true));

  // First-party storage; where it is blocked or full, memory.
  let storage = {};
  try {
    storage = localStorage || storage;
  } catch {}
  const read = (name) => JSON.parse(storage["attune." + name] || null);
  const write = (name, value) => {
    const key = "attune." + name;
    try {
      if (value) storage[key] = JSON.stringify(value);
      else delete storage[key];
    } catch {
      storage = { ...storage, [key]: JSON.stringify(value) };
    }
  };
  const stored = (prefix) =>
    Object.keys(storage).flatMap((key) => (key.startsWith("attune." + prefix) ? key.slice(7) : []));
  const own = (name) => read(name) || (write(name, uuid()), read(name));

  // Consent. Global Privacy Control is a "no" that only a consent given while it was on overrides.
  const gpc = navigator.globalPrivacyControl === true;
  let running;
  let purposes;
  const isAllowed = () => {
    const said = read("consent") || {};
    purposes = said.purposes;
    return purposes && said.gpc >= gpc ? purposes.length > 0 : !gpc && options.consent !== "required";
  };

  // Events.
  const session = () => {
    const now = Date.now();
    const query = new URLSearchParams(location.search);
    let visit = read("session");
    if (!visit || now - visit.last > SILENCE_MS) visit = { id: uuid(), start: now };
    visit.last = now;
    visit.campaign = clip(query.get("utm_campaign") || query.get("utm_source")) || visit.campaign;
    write("session", visit);
    return visit;
  };
  const device = (agent) => {
    if (/iPad|Tablet|Android(?!.*Mobi)/.test(agent)) return "tablet";
    if (/Mobi/.test(agent)) return "mobile";
    return /Macintosh/.test(agent) && navigator.maxTouchPoints > 1 ? "tablet" : "desktop"; // iPads say they are Macs
  };
  const make = (kind, { item_id, properties, ...fields } = {}, at = Date.now(), event_id = uuid()) => {
    const visit = session();
    const isKnown = KINDS.includes(kind);
    const event = {
      event_id,
      kind: isKnown ? kind : "custom",
      occurred_at: new Date(at).toISOString(),
      anonymous_id: own("id"),
      user_id: read("user"),
      item_ids: item_id ? [clip(item_id)] : [],
      consent: purposes,
      properties: isKnown ? { ...properties } : { name: kind, ...properties },
      context: {
        page_url: clip((page || location).href, 2048),
        referrer: clip(page && page.referrer, 2048),
        device_type: device(navigator.userAgent),
        session_id: visit.id,
        session_duration_s: Math.max(0, at - visit.start) / 1e3,
        campaign: visit.campaign,
        locale: navigator.language,
        user_agent: clip(navigator.userAgent, 1024),
        source: "collector",
      },
    };
    for (const [name, value] of Object.entries(fields)) {
      if (!FIELDS.includes(name)) event.properties[name] = value;
      else if (typeof value !== "string") event[name] = value;
      else event[name] = /^(value|quantity)$/.test(name) ? +value : clip(value);
    }
    return event;
  };
  const track = (kind, fields) => {
    if (!running) return;
    if (page && !/view|imp|ident|consent|custom/.test(kind)) page.acted = true;
    enqueue(make(kind, fields));
  };

  // The queue: event id → JSON, in memory and in storage.
  const queue = new Map();
  const flying = new Set();
  let timer;
  let failures = 0;
  const settle = (id) => {
    queue.delete(id);
    flying.delete(id);
    write("q." + id);
  };
  const enqueue = (event) => {
    if (queue.size >= MAX_QUEUE) settle(queue.keys().next().value); // the oldest goes
    queue.set(event.event_id, JSON.stringify(event));
    write("q." + event.event_id, event);
    plan(250);
  };
  const plan = (ms) => (timer ||= setTimeout(send, ms));
  // Plain text and no headers: a request without a preflight, which a closing page could not wait for.
  const post = (texts) =>
    fetch(endpoint + "/v1/events", {
      method: "POST",
      body: `{"write_key":${JSON.stringify(options.writeKey || "")},"sent_at":"${new Date().toISOString()}","events":[${texts}]}`,
      keepalive: true,
      credentials: "omit",
    });
  const send = (isLast) => {
    clearTimeout(timer);
    timer = 0;
    const wait = read("wait") - Date.now();
    if (wait > 0) return plan(wait);
    if (!navigator.onLine || (flying.size && !isLast)) return;
    const ids = [];
    let size = 0;
    for (const [id, text] of queue) {
      if (flying.has(id)) continue;
      size += text.length;
      if (ids.length && (size > MAX_CHARS || ids.length > 49)) break;
      ids.push(id);
      flying.add(id);
    }
    if (!ids.length) return;
    post(ids.map((id) => queue.get(id))).then(
      (answer) => {
        const { status, headers } = answer;
        if (status > 499 || status === 429) return later(ids, headers.get("retry-after"));
        if (!answer.ok) answer.text().then((text) => console.warn("attune:", text)); // it would never be taken
        failures = 0;
        ids.forEach(settle);
        plan(0);
      },
      () => later(ids),
    );
  };
  const later = (ids, asked) => {
    ids.forEach((id) => flying.delete(id));
    const wait = Math.max(+asked || 0, Math.min(60, 2 ** failures++) * (0.5 + Math.random() / 2)) * 1e3;
    if (asked) write("wait", Date.now() + Math.min(wait, 3e5)); // collect says when: the next page waits as well
    plan(wait);
  };

  // A page view lasts until the page is left, an application shows its next page, or a long absence.
  let page;
  let previous = {};
  const itemElement = () => document.querySelector("[data-page-item], meta[name='attune:item']");
  const idOf = (element) => element && (element.content || element.dataset.item || element.dataset.pageItem);
  const route = () => location.pathname + location.search + (/^#[/!]/.test(location.hash) ? location.hash : "");
  const open = () => {
    if (!running || page || !isVisible()) return;
    page = {
      id: uuid(),
      href: location.href,
      route: route(),
      referrer: previous.href || document.referrer,
      last: Date.now(),
      opened: Date.now(),
      dwell: 0,
      groups: {},
    };
    track("page_view");
    measure();
    scan();
    setTimeout(scan, 1e3);
  };
  const findItem = () => {
    const element = itemElement();
    const item = idOf(element);
    // Just after a navigation inside the page, the last page's item may still stand there.
    if (!item || item === page.item || (item === previous.item && Date.now() - page.opened < 900)) return;
    page.item = item;
    page.category = element.dataset.category;
    track("item_view", about(element));
  };
  const measure = () => {
    if (!page) return open();
    const now = performance.now();
    const isEngaged = isVisible() && document.hasFocus();
    if (page.since) {
      page.dwell += now - page.since;
      page.last = Date.now();
      // Laid by for the next visit, should this page never get another chance.
      if (!isEngaged) write("held." + page.id, farewell());
    } else if (isEngaged) {
      if (Date.now() - page.last > SILENCE_MS) {
        leave();
        return open();
      }
      write("held." + page.id);
    }
    page.since = isEngaged && now;
  };
  const farewell = () => {
    const { id, item, category, dwell, depth, last, acted } = page;
    const whole = { item_id: item, category };
    // A short stay is a quick exit from the item, unless something was done: then it is told of the page alone.
    const whose = dwell < 5e3 && acted ? {} : whole;
    return [
      ...(dwell ? [make("dwell", { ...whose, dwell_s: Math.round(dwell) / 1e3 }, last, id)] : []),
      ...(depth ? [make("scroll", { ...whole, scroll_depth: depth }, last, id + "s")] : []),
    ];
  };
  const leave = () => {
    if (!page) return;
    if (page.since) measure();
    still();
    (read("held." + page.id) || farewell()).forEach(enqueue);
    write("held." + page.id);
    previous = page;
    page = null;
  };
  const navigated = () => {
    if (!page || page.route === route()) return;
    leave();
    setTimeout(open); // the application draws the new page first
  };

  // What elements say.
  const about = (element, isAct) => {
    const source = element.closest("[data-item]") || itemElement();
    const box = element.closest("[data-decision]");
    const slot = (box || element).closest("[data-slot]");
    const { category, value, currency, quantity } = { ...source?.dataset, ...element.dataset };
    return {
      item_id: idOf(source),
      category,
      decision_id: box?.dataset.decision,
      slot: slot?.dataset.slot,
      ...(isAct && { value, currency, quantity }),
    };
  };
  const actOf = (element) => {
    const button = element?.closest("[data-action]:not(form)");
    return button && KINDS.includes(button.dataset.action) && button;
  };
  const clicked = ({ target, button, detail }) => {
    const act = actOf(target);
    if (button > 1) return;
    if (act) track(act.dataset.action, about(act, true));
    else if (target.closest("[data-item]") && detail < 2) {
      // A double click is one.
      const fields = about(target);
      if (!fields.decision_id || isNew("click", fields)) track("click", fields);
    }
  };
  const submitted = ({ target, submitter }) => {
    if (actOf(submitter)) return; // its click has told
    const { action } = target.dataset;
    const form = target.getAttribute("id"); // not target.id: a field may be called so
    track(KINDS.includes(action) ? action : "form_submit", { ...about(target, true), properties: { form } });
  };
  const videos = new WeakMap();
  const watched = ({ target: video, type }) => {
    if (video.tagName !== "VIDEO" || (video.autoplay && video.muted)) return; // decoration is nobody's act
    const src = video.currentSrc;
    const name = clip(video.id || src, 1024);
    let told = videos.get(video);
    if (type === "play" && (!told || told.src !== src)) {
      videos.set(video, (told = { src, next: 25 }));
      track("video_play", { ...about(video), properties: { video: name } });
    }
    let seen = 0; // truly played: a jump to the end is no viewing
    for (let i = 0; i < video.played.length; i++) seen += video.played.end(i) - video.played.start(i);
    for (; told && told.next <= 100 && seen >= (told.next / 100 - 0.02) * video.duration; told.next += 25)
      track("video_progress", { ...about(video), properties: { video: name, progress: told.next } });
  };

  // Impressions: half of the item, or half of the window, on screen for a second. One event tells all of a slot.
  const timers = new Map();
  const known = new WeakMap();
  const told = {};
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { target, intersectionRatio, intersectionRect } of entries) {
        if (intersectionRatio < 0.5 && intersectionRect.height < innerHeight / 2) stop(target);
        else if (!timers.has(target)) timers.set(target, setTimeout(shown, 1e3, target));
      }
    },
    { threshold: [0, 0.1, 0.2, 0.3, 0.4, 0.5] },
  );
  // Of a decision's item one impression and one click are told, however often its page is come back to.
  const isNew = (what, fields) => {
    const key = what + JSON.stringify(fields) + (fields.decision_id || page.id);
    return !told[key] && (told[key] = true);
  };
  const stop = (element) => {
    clearTimeout(timers.get(element));
    timers.delete(element);
  };
  const shown = (element) => {
    const { item_id: item, ...fields } = about(element);
    const group = JSON.stringify(fields);
    stop(element);
    if (page && isNew(item, fields)) (page.groups[group] ||= []).push(item);
    setTimeout(showGroups, 100);
  };
  const showGroups = () => {
    if (!page) return;
    const { groups } = page;
    page.groups = {};
    for (const [fields, ids] of Object.entries(groups))
      while (ids[0]) track("impression", { ...JSON.parse(fields), item_ids: ids.splice(0, 100) });
  };
  const still = () => {
    showGroups();
    observer.disconnect();
    timers.forEach((_, element) => stop(element));
  };
  const scan = () => {
    scanning = 0;
    if (!page || !isVisible()) return;
    findItem();
    document.querySelectorAll("[data-item]").forEach((element) => {
      const { item } = element.dataset;
      if (known.get(element) !== item) observer.unobserve(element); // drawn anew, for another item
      known.set(element, item);
      observer.observe(element);
    });
  };
  let scanning;

  // Life.
  const start = () => {
    if (running || !isAllowed()) return;
    if (running === undefined) attach();
    running = true;
    stored("q.").forEach((name) => queue.set(name.slice(2), JSON.stringify(read(name))));
    stored("held.").forEach((name) => {
      const events = read(name);
      // Another tab's, which may come back to it.
      if (events[0] && Date.now() - Date.parse(events[0].occurred_at) < SILENCE_MS) return;
      write(name);
      events.forEach(enqueue);
    });
    open();
    plan(0);
  };
  const attach = () => {
    for (const name of ["pushState", "replaceState"]) {
      const original = history[name];
      history[name] = (...given) => {
        original.apply(history, given);
        navigated();
      };
    }
    listen(window, "popstate", navigated);
    listen(window, "focus blur", () => page && measure());
    listen(window, "pageshow", open);
    listen(window, "pagehide", () => {
      leave();
      send(true);
    });
    listen(window, "online", () => send());
    listen(document, "visibilitychange", () => {
      measure();
      if (isVisible()) return scan();
      still();
      send(true);
    });
    listen(document, "scroll", () => {
      const depth = (scrollY + innerHeight) / document.documentElement.scrollHeight;
      if (page && scrollY > 0) page.depth = Math.max(page.depth || 0, Math.min(1, depth));
    });
    listen(document, "click auxclick", clicked);
    listen(document, "submit", submitted);
    listen(document, "play timeupdate ended", watched);
    const attributeFilter = ["data-item", "data-page-item", "content"];
    new MutationObserver(() => {
      scanning ||= setTimeout(scan, 50);
    }).observe(document, { subtree: true, childList: true, attributeFilter });
  };
  const forget = (names) => names.forEach((name) => name !== "consent" && write(name));

  const attune = {
    track,
    identify: (user, properties) => {
      const id = clip(user);
      if (!running || !id || NOBODY.test(id.trim())) return;
      if (read("user") && read("user") !== id) attune.reset(); // another person at this device
      write("user", id);
      track("identify", { properties });
    },
    reset: () => forget(["user", "id", "session"]),
    consent: (given) => {
      purposes = given.map((purpose) => clip(purpose, 64));
      write("consent", { purposes, gpc });
      if (running && !given.length) {
        // The one thing still told is the refusal itself; nothing is kept of it, or of anything before.
        post([JSON.stringify(make("consent"))]).catch(() => {});
        running = false;
        page = null;
        queue.clear();
        forget(stored(""));
      }
      start();
      track("consent");
    },
    ids: () => (running ? { anonymous_id: own("id"), user_id: read("user"), session_id: session().id } : {}),
    push: ([name, ...given]) => attune[name](...given),
  };
  window.attune = attune;
  start();
  if (early) early.forEach(attune.push);
})();
