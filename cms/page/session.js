// What the person at this page may do. The service has no sign-in yet: whoever reaches it may do everything. It
// refuses by itself in any case; this only lets a control say why it is of no use.

export const ACTIONS = Object.freeze(["configure", "command", "reveal", "test"]);

/** `refused` maps an action to the reason why this person may not. */
export function createSession({ name = null, refused = {} } = {}) {
  const known = new Set(ACTIONS);
  return Object.freeze({
    name,
    may(action) {
      if (!known.has(action)) throw new Error(`unknown action ${action}`);
      const reason = refused[action] ?? "";
      return { allowed: reason === "", reason };
    },
  });
}

/** The session of this page. */
export async function readSession() {
  return createSession();
}
