// What the person at this page may do, as the service tells it (GET /api/session). The service refuses by itself
// in any case; this lets a control say why it is of no use.

const RIGHTS = Object.freeze({ configure: "order", command: "order", reveal: "order", test: "test" });

export const ACTIONS = Object.freeze(Object.keys(RIGHTS));

/** A session of what the service answered: {signInNeeded, user, role, may, locations, …}. */
export function createSession({ signInNeeded = false, user = null, role = null, may = [], locations = null }) {
  return Object.freeze({
    user,
    role,
    /** Who it is, in words. */
    said: [user, role, locations && `only ${locations.join(", ")}`].filter(Boolean).join(", "),
    /** Whether somebody has to sign in before anything is shown. */
    needed: signInNeeded && user === null,
    may(action) {
      const right = RIGHTS[action];
      if (right === undefined) throw new Error(`unknown action ${action}`);
      const allowed = may.includes(right);
      return { allowed, reason: allowed ? "" : `A ${role ?? "stranger"} may not do this: it takes the right to ${right}.` };
    },
  });
}
