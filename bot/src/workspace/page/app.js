// The war room page. State comes from /room/state once and from /room/events ever after;
// the page shows it and sends what people say and press. Message HTML is made safe by the server.

const $ = (id) => document.getElementById(id);
const room = {
  team: { name: "" }, you: null, people: [], channels: [], commands: [],
  messages: new Map(), forms: new Map(), status: null, channel: null, thread: null, unread: new Map(),
};
const key = (channel, ts) => `${channel} ${ts}`;
const stored = (name) => { try { return sessionStorage.getItem(name); } catch { return null; } };
const store = (name, value) => { try { sessionStorage.setItem(name, value); } catch { /* private mode: forget */ } };

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

// --- asking the server ---------------------------------------------------------------------------

/** Asks, and returns the whole answer; what went wrong is in its `error`. */
async function ask(path, body) {
  try {
    const response = await fetch(path, {
      method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body),
    });
    return await response.json().catch(() => ({ ok: false, error: `The workspace answered with status ${response.status}.` }));
  } catch {
    return { ok: false, error: "The workspace cannot be reached. Nothing was sent; try again when it is connected." };
  }
}

async function post(path, body) {
  const answer = await ask(path, body);
  if (!answer.ok) toast(answer.error || "That did not work, and the workspace did not say why.");
  return Boolean(answer.ok);
}

function toast(text) {
  const one = make("div", "toast");
  one.append(make("span", "", text));
  const close = make("button", "icon", "✕");
  close.type = "button";
  close.setAttribute("aria-label", "Dismiss");
  close.onclick = () => one.remove();
  one.append(close);
  $("toasts").append(one);
  setTimeout(() => one.remove(), 9000);
}

async function loadState() {
  const response = await fetch("/room/state", { cache: "no-store" });
  if (!response.ok) throw new Error(`status ${response.status}`);
  const state = await response.json();
  Object.assign(room, { team: state.team, people: state.people, channels: state.channels, commands: state.commands });
  const before = stored("you");
  room.you ??= room.people.some((p) => p.id === before) ? before : state.you?.id ?? room.people[0]?.id;
  const wanted = room.channel ?? stored("channel");
  room.channel = room.channels.some((c) => c.id === wanted) ? wanted : room.channels[0]?.id ?? null;
  room.messages = new Map(state.messages.map((m) => [key(m.channel, m.ts), m]));
  room.forms = new Map((state.forms ?? []).map((f) => [f.person, f]));
  showStatus(state.status);
  showSidebar();
  showChannel(!wanted || !$("messages").childElementCount);
  showForm();
}

// The stream is opened before the state is read, and what it says meanwhile is kept until then:
// so no message falls between the two.
let stream = null;
let retry = 0;
function connect() {
  stream?.close();
  stream = new EventSource("/room/events");
  const mine = stream;
  let waiting = [];
  const on = (name, act) => stream.addEventListener(name, (event) => {
    const data = JSON.parse(event.data);
    if (waiting) waiting.push(() => act(data)); else act(data);
  });
  on("message", receive);
  on("deleted", remove);
  on("form", (form) => { room.forms.set(form.person, form); showForm(); });
  on("home", showHome);
  on("status", showStatus);
  stream.onopen = async () => {
    try {
      waiting ??= [];
      await loadState();
      if (mine !== stream) return;
      const held = waiting;
      waiting = null;
      held.forEach((act) => act());
      retry = 0;
      showConnection("live", "connected");
    } catch { lost(); }
  };
  const lost = () => {
    if (mine !== stream) return;
    stream.close();
    showConnection("lost", "reconnecting…");
    retry = Math.min(retry + 1, 6);
    setTimeout(() => { if (mine === stream) connect(); }, 400 * 2 ** (retry - 1));
  };
  stream.onerror = lost;
}

function showConnection(state, text) {
  const badge = $("connection");
  if (badge.textContent === text) return;
  badge.dataset.state = state;
  badge.textContent = text;
}

// --- the strip -----------------------------------------------------------------------------------

function showStatus(status) {
  if (!status) return;
  room.status = status;
  const { drill } = status;
  const now = String(status.now ?? "").match(/T(\d\d:\d\d:\d\d)/);
  $("clock").textContent = now ? `${now[1]} UTC` : "";
  $("speed").textContent = `×${Number(status.speed ?? 1)}`;
  $("progress").hidden = !drill;
  $("drill").textContent = drill ? `${drill.state === "done" ? "Drill done" : "Drill"} · ${drill.name}` : "No drill is playing";
  $("drill").dataset.state = drill?.state ?? "none";
  $("delivered").textContent = drill ? `${drill.delivered} of ${drill.total} alarms delivered` : "";
  if (drill) {
    $("progress").max = Math.max(drill.total, 1);
    $("progress").value = drill.delivered;
  }
}

// --- the sidebar ---------------------------------------------------------------------------------

function showSidebar() {
  $("team").textContent = room.team.name;
  const list = $("channels");
  list.replaceChildren(...room.channels.map((channel) => {
    const item = make("li");
    const button = make("button", "channel");
    button.type = "button";
    button.append(make("span", "hash", "#"), make("span", "name", channel.name));
    const unread = room.unread.get(channel.id) ?? 0;
    if (unread) {
      button.classList.add("unread");
      const badge = make("span", "badge", unread > 99 ? "99+" : String(unread));
      badge.setAttribute("aria-label", `${unread} unread`);
      button.append(badge);
    }
    if (channel.id === room.channel) button.setAttribute("aria-current", "true");
    button.onclick = () => openChannel(channel.id);
    item.append(button);
    return item;
  }));
  $("you").replaceChildren(...room.people.map((person) => {
    const option = make("option", "", person.name);
    option.value = person.id;
    option.selected = person.id === room.you;
    return option;
  }));
  $("you-title").textContent = room.people.find((p) => p.id === room.you)?.title ?? "";
  const total = [...room.unread.values()].reduce((sum, n) => sum + n, 0);
  document.title = `${total ? `(${total}) ` : ""}${room.team.name || "Clarity"} war room`;
}

$("you").onchange = (event) => {
  room.you = event.target.value;
  store("you", room.you);
  showSidebar();
  showChannel(false);
  showForm();
};

function openChannel(id) {
  if (id !== room.channel) closeThread();
  room.channel = id;
  store("channel", id);
  room.unread.delete(id);
  toggleSidebar(false);
  showSidebar();
  showChannel(true);
  $("say-channel").focus();
}

function toggleSidebar(open) {
  $("room").classList.toggle("sidebar-open", open);
  $("open-sidebar").setAttribute("aria-expanded", String(open));
}
$("open-sidebar").onclick = () => toggleSidebar(!$("room").classList.contains("sidebar-open"));

// --- messages ------------------------------------------------------------------------------------

const order = (a, b) => Number(a.ts) - Number(b.ts) || (a.ts < b.ts ? -1 : 1);
const isReply = (m) => Boolean(m.thread_ts) && m.thread_ts !== m.ts;
const mayRead = (m) => !m.ephemeral_to || m.ephemeral_to === room.you;
const inChannel = (m) => m.channel === room.channel && mayRead(m) && (!isReply(m) || m.broadcast);
const inThread = (m) => room.thread && m.channel === room.channel && mayRead(m) && (m.ts === room.thread || m.thread_ts === room.thread);

function showChannel(toEnd) {
  const channel = room.channels.find((c) => c.id === room.channel);
  $("channel-name").textContent = channel ? `# ${channel.name}` : "";
  $("channel-topic").textContent = channel?.topic ?? "";
  $("channel-topic").title = channel?.topic ?? "";
  $("say-channel").placeholder = channel ? `Message #${channel.name}` : "";
  fill($("messages"), inChannel, false, toEnd);
  if (room.thread) showThread(false);
}

function showThread(toEnd) {
  const channel = room.channels.find((c) => c.id === room.channel);
  $("thread-channel").textContent = channel ? `# ${channel.name}` : "";
  fill($("replies"), inThread, true, toEnd);
}

function fill(box, wanted, threaded, toEnd) {
  // A whole column at once is not news: it must not be read aloud.
  box.setAttribute("aria-live", "off");
  const end = toEnd || atEnd(box);
  const list = [...room.messages.values()].filter(wanted).sort(order);
  box.replaceChildren(...list.map((m) => article(m, threaded)));
  if (!list.length) box.append(make("p", "empty", threaded ? "No replies yet." : "Quiet so far. Type / to see what you can ask."));
  tidy(box);
  if (end) box.scrollTop = box.scrollHeight;
  if (box === $("messages")) $("jump").hidden = true;
  requestAnimationFrame(() => box.setAttribute("aria-live", "polite"));
}

const atEnd = (box) => box.scrollHeight - box.scrollTop - box.clientHeight < 60;

function article(m, threaded) {
  const one = make("article", "message");
  one.dataset.ts = m.ts;
  one.dataset.author = m.author.id;
  one.classList.toggle("ephemeral", Boolean(m.ephemeral_to));
  const app = m.author.kind === "app";
  const avatar = make("span", `avatar${app ? " app" : ""} hue-${hue(m.author.id)}`, initials(m.author.name));
  avatar.setAttribute("aria-hidden", "true");
  const side = make("div", "content");
  if (m.ephemeral_to) side.append(make("p", "only-you", "Only visible to you"));
  if (isReply(m) && !threaded) side.append(make("p", "only-you", "replied to a thread"));
  const head = make("header", "byline");
  head.append(make("span", "author", m.author.name));
  if (app) head.append(make("span", "app-badge", "APP"));
  const time = make("time", "time", String(m.time ?? "").slice(0, 5));
  time.title = `${m.time ?? ""} UTC`;
  head.append(time);
  const body = make("div", "body");
  body.innerHTML = m.html;
  for (const time of body.querySelectorAll("time[data-epoch]")) {
    const moment = new Date(Number(time.dataset.epoch) * 1000);
    if (!Number.isNaN(moment.getTime())) time.title = `${moment.toLocaleString()} for you`;
  }
  if (m.edited) (body.lastElementChild?.matches(".blk-text, .blk-context") ? body.lastElementChild : body).append(make("span", "edited", " (edited)"));
  side.append(head, body);
  if (!threaded && m.reply_count > 0) {
    const link = make("button", "replies");
    link.type = "button";
    link.append(make("strong", "", `${m.reply_count} ${m.reply_count === 1 ? "reply" : "replies"}`));
    if (m.last_reply) link.append(make("span", "", `last at ${m.last_reply.slice(0, 5)}`));
    link.onclick = () => openThread(m.ts);
    side.append(link);
  } else if (!threaded && !m.ephemeral_to) {
    const link = make("button", "reply-here", "Reply in thread");
    link.type = "button";
    link.onclick = () => openThread(isReply(m) ? m.thread_ts : m.ts);
    one.append(link);
  }
  if (!m.ephemeral_to) {
    const does = (sign, title, path) => {
      const one = make("button", "icon", sign);
      Object.assign(one, { type: "button", title });
      one.setAttribute("aria-label", title);
      one.onclick = () => post(path, { user: room.you, channel: m.channel, ts: m.ts });
      return one;
    };
    const bar = make("div", "does");
    bar.append(does("📌", "Pin to the timeline", "/room/react"), does("🚨", "Start incident here", "/room/shortcut"));
    one.append(bar);
  }
  one.prepend(avatar, side);
  return one;
}

const initials = (name) => (name.match(/\p{L}+/gu) ?? ["?"]).slice(0, 2).map((word) => [...word][0]).join("").toUpperCase();
const hue = (id) => [...String(id)].reduce((sum, c) => (sum * 31 + c.codePointAt(0)) % 6, 7);

/** Messages in a row by one author within one minute show the author once; a line parts a thread from its start. */
function tidy(box) {
  box.querySelector(":scope > .replies-line")?.remove();
  const shown = box.querySelectorAll(":scope > .message");
  if (box === $("replies") && shown.length > 1 && shown[0].dataset.ts === room.thread) {
    shown[0].after(make("div", "replies-line", shown.length === 2 ? "1 reply" : `${shown.length - 1} replies`));
  }
  let before = null;
  for (const one of box.querySelectorAll(":scope > .message")) {
    const close = before && before === one.previousElementSibling && before.dataset.author === one.dataset.author
      && Number(one.dataset.ts) - Number(before.dataset.ts) < 60
      && !one.classList.contains("ephemeral") && !before.classList.contains("ephemeral");
    one.classList.toggle("follows", Boolean(close));
    before = one;
  }
}

function place(box, m, threaded) {
  const old = box.querySelector(`:scope > [data-ts="${CSS.escape(m.ts)}"]`);
  const end = atEnd(box);
  const fresh = article(m, threaded);
  if (old) {
    // The reader may be on a button of the old message: put the focus back where it was.
    const focusable = "a, button, select, summary";
    const index = [...old.querySelectorAll(focusable)].indexOf(document.activeElement);
    const changed = old.querySelector(".body").innerHTML !== fresh.querySelector(".body").innerHTML;
    for (const [i, menu] of [...old.querySelectorAll("details")].entries()) {
      const twin = fresh.querySelectorAll("details")[i];
      if (twin) twin.open = menu.open;
    }
    old.replaceWith(fresh);
    if (changed) fresh.classList.add("flash");
    if (index >= 0) fresh.querySelectorAll(focusable)[index]?.focus({ preventScroll: true });
  } else {
    box.querySelector(":scope > .empty")?.remove();
    const next = [...box.querySelectorAll(":scope > .message")].find((other) => Number(other.dataset.ts) > Number(m.ts));
    box.insertBefore(fresh, next ?? null);
    if (!end && box === $("messages")) $("jump").hidden = false;
  }
  tidy(box);
  if (end) box.scrollTop = box.scrollHeight;
}

function receive(m) {
  const known = room.messages.has(key(m.channel, m.ts));
  room.messages.set(key(m.channel, m.ts), m);
  if (inChannel(m)) place($("messages"), m, false);
  if (inThread(m)) place($("replies"), m, true);
  if (!known && m.channel !== room.channel && mayRead(m) && !isReply(m) && m.author.id !== room.you) {
    room.unread.set(m.channel, (room.unread.get(m.channel) ?? 0) + 1);
    showSidebar();
  }
}

function remove({ channel, ts }) {
  room.messages.delete(key(channel, ts));
  if (channel !== room.channel) return;
  for (const box of [$("messages"), $("replies")]) {
    box.querySelector(`:scope > [data-ts="${CSS.escape(ts)}"]`)?.remove();
    tidy(box);
  }
  if (ts === room.thread) closeThread();
}

$("messages").addEventListener("scroll", () => { if (atEnd($("messages"))) $("jump").hidden = true; });
$("jump").onclick = () => { $("messages").scrollTop = $("messages").scrollHeight; $("jump").hidden = true; };
// Pictures arrive after the text and push the end down.
document.addEventListener("load", (event) => {
  const box = event.target.closest?.(".messages");
  if (box && box.scrollHeight - box.scrollTop - box.clientHeight < 60 + event.target.clientHeight) box.scrollTop = box.scrollHeight;
}, true);

function openThread(ts) {
  room.thread = ts;
  $("thread").hidden = false;
  $("room").classList.add("thread-open");
  showThread(true);
  $("say-thread").focus();
}

function closeThread() {
  if (!room.thread) return;
  const from = room.thread;
  room.thread = null;
  $("thread").hidden = true;
  $("room").classList.remove("thread-open");
  $("messages").querySelector(`[data-ts="${CSS.escape(from)}"] .replies`)?.focus({ preventScroll: true });
}
$("close-thread").onclick = closeThread;

// --- pressing things -----------------------------------------------------------------------------

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-action-id]");
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target) || button) menu.open = false;
  }
  if (button) press(button, button.dataset.value ?? "");
});
document.addEventListener("change", (event) => {
  const select = event.target.closest("select[data-action-id]");
  if (!select?.value) return;
  const { value } = select;
  // A menu is for doing things, not for keeping a choice: it shows its name again at once, so that the same line can be
  // chosen twice. A sender that marks a line as chosen gets it back with its next edit.
  select.selectedIndex = [...select.options].findIndex((option) => option.defaultSelected);
  if (select.selectedIndex < 0) select.selectedIndex = 0;
  press(select, value);
});

/** What was pressed last. */
let pressed = null;

async function press(element, value) {
  const message = element.closest(".message");
  if (!message || element.disabled) return;
  pressed = element;
  const { confirmTitle, confirmText, confirmOk, confirmDeny, actionId, blockId } = element.dataset;
  if (confirmTitle !== undefined) {
    const danger = element.classList.contains("btn-danger");
    if (!await confirmed(confirmTitle, confirmText, confirmOk, confirmDeny, danger)) return;
  }
  element.disabled = true;
  element.classList.add("busy");
  await post("/room/click", {
    user: room.you, channel: room.channel, ts: message.dataset.ts, block_id: blockId, action_id: actionId, value,
  });
  element.disabled = false;
  element.classList.remove("busy");
}

function confirmed(title, text, ok, deny, danger) {
  $("confirm-title").textContent = title;
  // Every second part stood between backticks.
  $("confirm-text").replaceChildren(...text.split("`").map((part, i) => make(i % 2 ? "code" : "span", "", part)));
  $("confirm-ok").textContent = ok;
  $("confirm-ok").className = danger ? "btn btn-danger" : "btn btn-primary";
  $("confirm-deny").textContent = deny;
  const dialog = $("confirm");
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((done) => dialog.addEventListener("close", () => done(dialog.returnValue === "ok"), { once: true }));
}

// --- the Home tab --------------------------------------------------------------------------------

/** Shows somebody's Home tab, once they asked for it and the app has published it. */
function showHome(home) {
  if (home.person !== room.you || !room.wantsHome) return;
  room.wantsHome = false;
  $("home-body").innerHTML = home.html;
  if (!$("home").open) $("home").showModal();
}
$("open-home").onclick = () => { room.wantsHome = true; post("/room/home", { user: room.you }); };
$("declare").onclick = () => post("/room/shortcut", { user: room.you });
$("home-close").onclick = () => $("home").close();
$("home-body").addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-action-id]");
  if (!button) return;
  $("home").close();
  await post("/room/home/click", { user: room.you, block_id: button.dataset.blockId, action_id: button.dataset.actionId });
});

// --- forms ---------------------------------------------------------------------------------------

/** Shows the form that the acting person has open, if one is. */
function showForm() {
  const dialog = $("form");
  const form = room.forms.get(room.you);
  if (dialog.dataset.form === (form?.id ?? "")) return;
  dialog.dataset.form = form?.id ?? "";
  if (!form) {
    dialog.close();
    // A button that is being pressed cannot keep the focus, so the dialog cannot give it back by itself.
    (pressed?.isConnected ? pressed : $("say-channel")).focus({ preventScroll: true });
    return;
  }
  $("form-title").textContent = form.title;
  $("form-submit").textContent = form.submit;
  $("form-close").textContent = form.close;
  $("form-trouble").textContent = "";
  $("form-fields").replaceChildren(...form.fields.map((field, index) => {
    const one = make("div", "field");
    const chosen = field.choices.length > 0;
    const input = make(chosen ? "select" : field.lines ? "textarea" : "input");
    if (chosen) {
      const all = [["", field.placeholder || "Choose…"], ...field.choices];
      input.append(...all.map(([value, label]) => Object.assign(make("option", "", label), { value })));
    } else if (!field.lines) input.type = "text";
    Object.assign(input, { id: `field-${index}`, name: field.block_id, value: field.value, placeholder: field.placeholder,
      maxLength: field.most, autocomplete: "off", spellcheck: false, required: field.required });
    const label = make("label", "", field.label);
    label.htmlFor = input.id;
    if (!field.required) label.append(make("span", "optional", " (optional)"));
    const hint = make("p", "hint", field.hint);
    hint.id = `hint-${index}`;
    const problem = make("p", "problem");
    problem.id = `problem-${index}`;
    problem.setAttribute("role", "alert");
    input.setAttribute("aria-describedby", `${problem.id} ${hint.id}`);
    one.append(label, input, problem, hint);
    return one;
  }));
  if (!dialog.open) dialog.showModal();
  $("form-fields").querySelector("input, textarea, select")?.focus();
}

function closeForm() {
  const form = room.forms.get(room.you);
  if (!form) return;
  room.forms.delete(room.you);
  showForm();
  post("/room/close", { user: room.you, form: form.id });
}
$("form-close").onclick = closeForm;
// Escape.
$("form").addEventListener("cancel", (event) => { event.preventDefault(); closeForm(); });

$("form-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const { you } = room;
  const form = room.forms.get(you);
  const button = $("form-submit");
  if (!form || button.disabled) return;
  const inputs = [...$("form-fields").querySelectorAll("input, textarea, select")];
  button.disabled = true;
  const answer = await ask("/room/submit", {
    user: you, form: form.id, typed: Object.fromEntries(inputs.map((input) => [input.name, input.value])),
  });
  button.disabled = false;
  if (answer.ok && !answer.errors) {
    if (room.forms.get(you) === form) room.forms.delete(you);
    showForm();
    return;
  }
  if (room.forms.get(room.you) !== form) return;
  $("form-trouble").textContent = answer.ok ? "" : answer.error || "That did not work, and the workspace did not say why.";
  for (const [index, input] of inputs.entries()) {
    const problem = answer.errors?.[input.name] ?? "";
    $(`problem-${index}`).textContent = problem;
    input.setAttribute("aria-invalid", String(Boolean(problem)));
  }
  (inputs.find((input) => input.getAttribute("aria-invalid") === "true") ?? inputs[0])?.focus();
});

// --- the composer --------------------------------------------------------------------------------

function composer(name, threadTs) {
  const input = $(`say-${name}`);
  const list = $(`suggest-${name}`);
  const said = [];
  let recalled = 0;
  let chosen = -1;
  let offered = [];

  const grow = () => { input.style.height = "auto"; input.style.height = `${Math.min(input.scrollHeight, 180)}px`; };
  const close = () => {
    list.hidden = true;
    chosen = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const full = (c) => (c.usage ? `${c.command} ${c.usage}` : c.command);
  const suggest = () => {
    const text = input.value;
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    offered = text.startsWith("/") && !text.includes("\n")
      ? room.commands.filter((c) => words.every((word) => full(c).toLowerCase().includes(word)) || full(c).startsWith(text))
      : [];
    if (offered.length === 1 && text.trim() === full(offered[0])) offered = [];
    list.replaceChildren(...offered.map((command, index) => {
      const item = make("li");
      item.id = `suggest-${name}-${index}`;
      item.setAttribute("role", "option");
      item.append(make("code", "", full(command)), make("span", "", command.help));
      item.onmousedown = (event) => { event.preventDefault(); take(index); };
      return item;
    }));
    if (!offered.length) { close(); return; }
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    choose(0);
  };
  const choose = (index) => {
    chosen = (index + offered.length) % offered.length;
    [...list.children].forEach((item, i) => item.setAttribute("aria-selected", String(i === chosen)));
    list.children[chosen].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", list.children[chosen].id);
  };
  const take = (index) => {
    // What stands in <…> or […] is for the person to fill in.
    const text = full(offered[index]).replace(/\s*[<[].*$/, "");
    input.value = text === full(offered[index]) ? text : `${text} `;
    close();
    grow();
    input.focus();
  };
  const send = async () => {
    const text = input.value.trim();
    if (!text || !room.channel) return;
    close();
    input.value = "";
    grow();
    said.push(text);
    recalled = said.length;
    const sent = await post("/room/say", { user: room.you, channel: room.channel, thread_ts: threadTs(), text });
    if (!sent && !input.value) { input.value = text; grow(); }
  };

  input.addEventListener("input", () => { grow(); suggest(); });
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    const open = !list.hidden;
    if (event.isComposing) return;
    if (open && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      choose(chosen + (event.key === "ArrowDown" ? 1 : -1));
    } else if (open && event.key === "Tab" && !event.shiftKey) {
      event.preventDefault();
      take(chosen);
    } else if (event.key === "Escape" && open) {
      event.preventDefault();
      event.stopPropagation();
      close();
    } else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      // A command typed only in part is completed first; a whole one, or one with arguments, is sent.
      const partly = open && full(offered[chosen]) !== input.value.trim()
        && full(offered[chosen]).startsWith(input.value.trim());
      if (partly) take(chosen); else send();
    } else if (event.key === "ArrowUp" && recalled > 0 && (!input.value || input.value === said[recalled])) {
      event.preventDefault();
      recalled -= 1;
      input.value = said[recalled];
      grow();
    } else if (event.key === "ArrowDown" && said.length && input.value === said[recalled]) {
      event.preventDefault();
      recalled += 1;
      input.value = said[recalled] ?? "";
      grow();
    }
  });
  $(`form-${name}`).addEventListener("submit", (event) => { event.preventDefault(); send(); });
}
composer("channel", () => null);
composer("thread", () => room.thread);

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || $("confirm").open || $("form").open) return;
  const menu = document.querySelector("details.menu[open]");
  if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
  else if ($("room").classList.contains("sidebar-open")) toggleSidebar(false);
  else closeThread();
});

connect();
