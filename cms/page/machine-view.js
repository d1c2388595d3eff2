// RESTART, LOCK and UNLOCK: asked for with the machine's name, and followed until the machine says that it is done.

import { clock, guard, h, isolated, say } from "./dom.js";
import { confirm } from "./dialog.js";

const LIFE_MS = 30_000;
const RESTART_MS = 60_000;
export const COMMANDS = Object.freeze([
  { command: "RESTART", label: "Restart", done: "MACHINE_RESTART", said: "The machine is back.", warns: "Play stops during the restart. A lock stays.", life: RESTART_MS },
  { command: "LOCK MACHINE", label: "Lock", done: "MACHINE_LOCKED", said: "The machine is locked.", warns: "Nobody can play there until UNLOCK.", life: LIFE_MS },
  { command: "UNLOCK MACHINE", label: "Unlock", done: "MACHINE_UNLOCKED", said: "The machine is unlocked.", warns: "Play goes on.", life: LIFE_MS, gentle: true },
]);

/** `machine()` gives {name, id, location}; `order(command)` sends it. */
export function createMachineView({ session, machine, order, now = Date.now }) {
  const status = h("p", { class: "said", role: "status" });
  const buttons = COMMANDS.map((one) => {
    const button = h("button", { type: "button", class: one.gentle ? "" : "danger", data: { command: one.command }, on: { click: () => ask(one) } }, one.label);
    return guard(button, session.may("command"));
  });
  const root = h("section", { class: "card machine", "aria-label": "Machine controls" }, h("h2", {}, "Machine"), h("div", { class: "buttons" }, buttons), status);
  let pending = null;

  async function ask(one) {
    const { id, ...said } = machine();
    const [name, location] = [isolated(said.name), isolated(said.location)];
    const title = `${one.label} ${name}?`;
    const text = `${name} (${id})${location ? `, ${location}` : ""}. ${one.warns}`;
    if (!(await confirm({ title, text, yes: `${one.label} ${name}`, danger: !one.gentle }))) return;
    pending = { ...one, at: now(), sent: false };
    say(status, `${one.command}: sending.`);
    try {
      const answer = await order(one.command);
      if (pending?.command !== one.command) return; // the machine was quicker
      pending.sent = answer.mqttSent;
      say(status, answer.mqttSent ? `${one.command}: sent at ${clock(now())}; waiting for the machine.` : `${one.command}: the broker is away. It waits for at most 30 s, then it is dropped.`);
    } catch (error) {
      pending = null;
      say(status, `${one.command}: not sent. ${error.message}`);
    }
  }

  return {
    root,
    /** An event of this machine came. */
    heard(event, timestamp) {
      if (pending === null) return;
      if (event === pending.done) {
        say(status, `${pending.command}: ${pending.said} (${clock(timestamp)})`);
        pending = null;
      } else if (event === "COMMAND_EXPIRED") {
        say(status, `${pending.command}: it reached the machine too late, and was not carried out.`);
        pending = null;
      }
    },
    tick() {
      if (pending === null || now() - pending.at <= pending.life) return;
      const why = pending.sent ? "the machine has not said that it is done. Look at it before you try again." : "the broker did not come back in time. It was not carried out.";
      say(status, `${pending.command}: ${why}`);
      pending = null;
    },
  };
}
