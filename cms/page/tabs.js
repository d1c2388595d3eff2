// What the tabs of one browser share. It opens six connections to a service at most, over all its tabs.

/** Locks and channels that reach the other tabs; null where this browser keeps its tabs apart (no TLS, not this machine). */
export function browserTabs() {
  const { locks } = globalThis.navigator ?? {};
  if (!locks || !globalThis.BroadcastChannel) return null;
  return { locks, channel: (name) => new BroadcastChannel(name) };
}
