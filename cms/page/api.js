// The REST interface, one function for each endpoint that the page uses. Whatever fails is an ApiError, whose
// message is a sentence that a person can act on.

const PATIENCE_MS = 15_000;

export class ApiError extends Error {
  /** `status` is 0 where no answer came. `problems` names refused fields: [{field, wanted}]. */
  constructor(sentence, { status = 0, problems = [] } = {}) {
    super(sentence);
    this.name = "ApiError";
    this.status = status;
    this.problems = problems;
  }
}

/** Marks what nobody asked for who sits here: it keeps no session from ending for being idle. */
const UNATTENDED = Object.freeze({ "x-unattended": "1" });
const SESSION = "/api/session";
const cabinetPath = (id) => `/api/cabinets/${encodeURIComponent(id)}`;
const query = (values) => new URLSearchParams(values).toString();

/** `onSignedOut` is told when the service no longer knows who is here. */
export function createApi(fetch = globalThis.fetch.bind(globalThis), onSignedOut = () => {}) {
  const get = (path) => ask("GET", path);
  const look = (path) => ask("GET", path, undefined, UNATTENDED);
  const post = (path, body, headers) => ask("POST", path, body, headers);

  async function ask(method, path, body, headers = {}) {
    let response;
    try {
      response = await fetch(path, {
        method,
        headers: body === undefined ? headers : { "content-type": "application/json", ...headers },
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
    } catch (error) {
      throw new ApiError(unreachable(error));
    }
    const answer = await response.json().catch(() => ({}));
    if (response.status === 401 && path !== SESSION) onSignedOut();
    if (!response.ok) throw new ApiError(sentence(response.status, answer), failure(response.status, answer));
    return { ...answer, etag: response.headers.get("etag") };
  }

  return Object.freeze({
    session: () => get(SESSION),
    stillHere: () => look(SESSION),
    signIn: (user, password) => post(SESSION, { user, password }),
    signOut: () => ask("DELETE", SESSION),
    fields: () => get("/api/fields"),
    check: (component, values) => post("/api/fields/check", { component, values }),
    cabinets: (filter = {}) => get(`/api/cabinets?${query(filter)}`),
    cabinet: (id) => get(cabinetPath(id)),
    smibConfig: (id) => get(`${cabinetPath(id)}/smib-config`),
    smibConfigNow: (id) => look(`${cabinetPath(id)}/smib-config`),
    order: (id, order, etag) => post(`${cabinetPath(id)}/smib-config`, order, etag ? { "if-match": etag } : {}),
    resync: (id) => post(`${cabinetPath(id)}/smib-config/resync`),
    rollback: (id, revision) => post(`${cabinetPath(id)}/smib-config/rollback`, { revision }),
    history: (id, limit = 20) => get(`${cabinetPath(id)}/history?${query({ limit })}`),
    meters: (id) => get(`${cabinetPath(id)}/meters`),
    readMeters: (id) => post(`${cabinetPath(id)}/meters`),
    /** One order to many. `key` names the request: sent again with the same one, it is not done again. */
    orderMany: (cabinets, order, key) => post("/api/batches", { cabinets, ...order }, { "idempotency-key": key }),
    batch: (id) => get(`/api/batches/${encodeURIComponent(id)}`),
    batches: () => get("/api/batches"),
    outbox: (cabinet, limit = 20) => look(`/api/outbox?${query({ cabinet, limit })}`),
    mqttConfig: (cabinetId) => get(`/api/mqtt/config?${query({ cabinetId })}`),
    request: (relayId, component) => post("/api/mqtt/config/request", { relayId, component }),
    publish: (relayId, config) => post("/api/mqtt/config/publish", { relayId, config }),
    test: (body) => post("/api/mqtt/test", body),
    analytics: (asked) => look(`/api/analytics?${query(asked)}`),
  });
}

function unreachable(error) {
  return error?.name === "TimeoutError"
    ? `The CMS did not answer within ${PATIENCE_MS / 1000} s. Try again; nothing that you typed is lost.`
    : "The CMS can't be reached. Check the network and try again; nothing that you typed is lost.";
}

function sentence(status, answer) {
  return typeof answer.error === "string" && answer.error ? finished(answer.error) : `The CMS answered ${status}.`;
}

function finished(text) {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

function failure(status, answer) {
  return { status, problems: Array.isArray(answer.problems) ? answer.problems : [] };
}
