// @ts-check
/**
 * A client of a Jotgate server for browsers, in one file and without dependencies: log in, authorised `fetch`, one refresh for
 * any number of waiting requests and open tabs, and a log-out that every tab sees.
 *
 * - With the transport `cookie` no token ever reaches this script. What a page may know of its session (who, how long, how often
 *   refreshed) is kept in `localStorage`, so that all tabs know it and a new one begins with it.
 * - With `bearer` the tokens are in the memory of this tab, and a reload forgets them.
 * - Who needs a new access token waits for a lock that all tabs share, and looks then whether a neighbour has got one meanwhile.
 *   Without Web Locks each tab asks once by itself: within half a minute the server gives all of them the same successor.
 * - What one tab writes to `localStorage` may reach another after the lock does. So who has renewed a session leaves a mark where the
 *   locks are, which is one place for all tabs; who finds it has nothing to do, since the cookies are one for all tabs as well.
 * - Nothing is asked for by a timer: a page that wants nothing needs no token.
 *
 * ```js
 * const jotgate = new Jotgate({ issuer: "/auth" });
 * await jotgate.login({ email, password });
 * const orders = await jotgate.fetch("/api/orders").then((answer) => answer.json());
 * ```
 *
 * @module
 */

/** @typedef {"cookie" | "bearer"} Transport */

/**
 * @typedef {object} User
 * @property {string} id
 * @property {string} email
 * @property {string | null} [name]
 * @property {string[]} [roles]
 */

/**
 * What a page may know of its session. There is no secret in it.
 * @typedef {object} Session
 * @property {string} id
 * @property {number} generation how often it has been refreshed
 * @property {number} expiresAt when its access token expires: milliseconds since 1970, by this machine's clock
 * @property {number} endsAt when it ends unless it is refreshed until then, likewise
 * @property {User | null} user
 */

/**
 * @typedef {object} Options
 * @property {string} issuer where the server is, such as `/auth` or `https://auth.example.com`
 * @property {Transport} [transport] `cookie` unless said otherwise
 * @property {string[]} [apis] origins beside this page's and the issuer's that may be sent the token
 */

/**
 * A request as it went out, for whoever wants to show or log it: the detail of the event `request`.
 * @typedef {object} Sent
 * @property {string} method
 * @property {string} url
 * @property {"cookie" | "bearer" | "none"} credential
 * @property {number} status 0 when there was no answer
 * @property {string | null} code why it was refused
 * @property {number} ms
 */

/** Access tokens are renewed so many milliseconds before they expire, so that none expires on its way. */
const AHEAD = 5_000;
/** No call to the server takes longer. Two of them stay within the time in which the server forgives a lost answer. */
const LONGEST_CALL = 10_000;
/** For so long a tab tells its neighbours what it has renewed. */
const MARKED = 2_000;

/** The server, or an API, has refused something. `code` is one of docs/reference/errors.md. */
export class JotgateError extends Error {
  /** @param {number} status @param {{ code?: string, detail?: string, title?: string, fields?: Record<string, string> }} problem */
  constructor(status, problem) {
    super(problem.detail ?? problem.title ?? `answered with ${status}`);
    this.name = "JotgateError";
    this.status = status;
    this.code = problem.code ?? "unknown";
    this.fields = problem.fields ?? {};
  }
}

/**
 * Events: `session` (it began, was renewed or ended, in this tab or another; the detail has `session` and `elsewhere`), and `request` with
 * a {@link Sent}.
 */
export class Jotgate extends EventTarget {
  /** @type {URL} */ #issuer;
  /** @type {Transport} */ #transport;
  /** Whom a token may be sent to. @type {Set<string>} */ #ours;
  /** The one refresh of this tab that is under way. @type {Promise<Session | null> | null} */ #renewing = null;
  /** Of the bearer transport. @type {{ access: string, refresh: string } | null} */ #tokens = null;
  /** What was known last: of the bearer transport the session itself. @type {Session | null} */ #known = null;
  #closed = new AbortController();

  /** @param {Options} options */
  constructor({ issuer, transport = "cookie", apis = [] }) {
    super();
    this.#issuer = new URL(issuer.replace(/\/?$/, "/"), location.href);
    this.#transport = transport;
    this.#ours = new Set([location.origin, this.#issuer.origin, ...apis]);
    if (this.#shared) this.#listen();
  }

  /** @returns {Transport} */
  get transport() {
    return this.#transport;
  }

  /** The session as it stands, whichever tab has changed it; `null` when there is none. @returns {Session | null} */
  get session() {
    const session = this.#shared ? read(this.#key) : this.#known;
    return session && session.endsAt > Date.now() ? session : null;
  }

  /** The access token, where this script has it: never with cookies. @returns {string | null} */
  get accessToken() {
    return this.#tokens?.access ?? null;
  }

  /**
   * @param {{ email: string, password: string, device?: string }} who
   * @returns {Promise<Session>}
   */
  async login(who) {
    return this.#alone(async () => this.#begin(await this.#call("v1/login", { ...who, transport: this.#transport })));
  }

  /**
   * Makes an account, and logs in where the server asks for no proof of the address first; then there is no session yet.
   * @param {{ email: string, password: string, name?: string }} who
   * @returns {Promise<Session | null>}
   */
  async register(who) {
    return this.#alone(async () => {
      const answer = await this.#call("v1/register", { ...who, transport: this.#transport });
      return answer.session_id ? this.#begin(answer) : null;
    });
  }

  /**
   * `fetch` with the access token, to this page's origin, the issuer's and those of `apis`. A token that is about to expire is renewed
   * first, one that is refused all the same is renewed and the request sent once more.
   * @param {RequestInfo | URL} input
   * @param {RequestInit} [init]
   * @returns {Promise<Response>}
   */
  async fetch(input, init) {
    const request = new Request(input, init);
    let session = this.session;
    if (session && session.expiresAt - AHEAD < Date.now()) {
      const old = session;
      session = await this.#renew(old).catch(() => old);
    }
    const answer = await this.#send(request.clone());
    if (answer.status !== 401 || !session) return answer;
    return (await this.#renew(session)) ? this.#send(request) : answer;
  }

  /**
   * Ends this session, all `others` of the person, or all of them.
   * @param {"local" | "others" | "global"} [scope]
   */
  async logout(scope = "local") {
    await this.#alone(async () => {
      const session = this.session;
      try {
        const body = this.#tokens ? { refresh_token: this.#tokens.refresh } : {};
        await this.#call(`v1/logout?scope=${scope}`, body);
      } catch (error) {
        // It was over already, which is what was wanted. Whatever else went wrong, the session goes on and so says the page.
        if (!(error instanceof JotgateError) || error.status !== 401) throw error;
      }
      if (session && scope !== "others") this.#end(session);
    });
  }

  /** Stops listening to other tabs. The session goes on. */
  close() {
    this.#closed.abort();
  }

  // One refresh for all

  /**
   * A newer session than `old`, whoever gets it; `null` when it is over.
   * @param {Session} old
   * @returns {Promise<Session | null>}
   */
  #renew(old) {
    this.#renewing ??= this.#alone(() => this.#renewUnlessDone(old)).finally(() => (this.#renewing = null));
    return this.#renewing;
  }

  /** @param {Session} old @returns {Promise<Session | null>} */
  async #renewUnlessDone(old) {
    const now = this.session;
    if (!now || now.id !== old.id || now.generation !== old.generation) return now;
    const done = `${this.#key} renewed ${old.id} ${old.generation}`;
    if (await isMarked(done)) return now;
    try {
      const session = this.#begin(await this.#refresh(), now.user);
      await mark(done);
      return session;
    } catch (error) {
      const over = error instanceof JotgateError && (error.status === 401 || error.code === "account_disabled");
      if (!over) throw error;
      this.#end(now);
      return null;
    }
  }

  /**
   * Whatever changes the session does so while no other tab does, so that no answer comes too late and brings an old one back.
   * @template T
   * @param {() => Promise<T>} work
   * @returns {Promise<T>}
   */
  async #alone(work) {
    return this.#shared && navigator.locks ? await navigator.locks.request(this.#key, work) : work();
  }

  /** A lost answer is asked for again, with the same token: the server then gives the same successor again. */
  async #refresh() {
    const body = this.#tokens ? { refresh_token: this.#tokens.refresh } : {};
    try {
      return await this.#call("v1/refresh", body);
    } catch (error) {
      if (error instanceof JotgateError) throw error;
      return this.#call("v1/refresh", body);
    }
  }

  // What goes over the line

  /**
   * A call to the server; its answer, or a {@link JotgateError}.
   * @param {string} path
   * @param {object} body
   * @returns {Promise<any>}
   */
  async #call(path, body) {
    const answer = await this.#send(
      new Request(new URL(path, this.#issuer), {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(LONGEST_CALL),
      }),
    );
    if (!answer.ok) throw new JotgateError(answer.status, await answer.json().catch(() => ({})));
    // An answer that is cut off is no answer.
    return answer.status === 204 ? {} : answer.json();
  }

  /** @param {Request} request @returns {Promise<Response>} */
  async #send(request) {
    const ours = this.#ours.has(new URL(request.url).origin);
    /** @type {Sent["credential"]} */ let credential = "none";
    if (ours && this.#tokens) {
      credential = "bearer";
      request.headers.set("Authorization", `Bearer ${this.#tokens.access}`);
    } else if (ours && this.session && this.#transport === "cookie") {
      credential = "cookie";
    }
    const cookies = ours && this.#transport === "cookie" ? "include" : "omit";
    const started = performance.now();
    /** @type {Response | null} */ let answer = null;
    try {
      answer = await fetch(request, { credentials: cookies });
      return answer;
    } finally {
      const ms = performance.now() - started;
      const { method, url } = request;
      this.#tell("request", { method, url, credential, status: answer?.status ?? 0, code: await codeOf(answer), ms });
    }
  }

  // What a tab knows, and what its neighbours tell

  /** Whether all tabs have one session. */
  get #shared() {
    return this.#transport === "cookie";
  }

  get #key() {
    return `jotgate ${this.#issuer.href}`;
  }

  /**
   * @param {any} answer to a log-in, a registration or a refresh
   * @param {User | null} [user]
   * @returns {Session}
   */
  #begin(answer, user = null) {
    const now = Date.now();
    const session = {
      id: answer.session_id,
      generation: answer.generation,
      expiresAt: now + answer.expires_in * 1000,
      endsAt: now + answer.refresh_expires_in * 1000,
      user: answer.user ?? user,
    };
    if (!this.#shared) this.#tokens = { access: answer.access_token, refresh: answer.refresh_token };
    this.#change(session);
    return session;
  }

  /** Only if it is still the one: another tab may have logged in anew. @param {Session} session */
  #end(session) {
    if (this.session?.id !== session.id) return;
    this.#tokens = null;
    this.#change(null);
  }

  /** @param {Session | null} session */
  #change(session) {
    this.#known = session;
    if (this.#shared) write(this.#key, session);
    this.#tell("session", { session, elsewhere: false });
  }

  /** The browser tells of what other tabs have written as soon as this one can read it. */
  #listen() {
    this.#known = this.session;
    const look = () => {
      const { session } = this;
      if (session?.id === this.#known?.id && session?.generation === this.#known?.generation) return;
      this.#known = session;
      this.#tell("session", { session, elsewhere: true });
    };
    const { signal } = this.#closed;
    addEventListener("storage", look, { signal });
    // A tab that was frozen was told nothing.
    addEventListener("pageshow", look, { signal });
  }

  /** @param {"session" | "request"} name @param {object} detail */
  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

/** Says something to all tabs for a moment: as a lock that nobody waits for. @param {string} name */
async function mark(name) {
  if (!navigator.locks) return;
  await new Promise((marked) => {
    const held = () => new Promise((done) => setTimeout(done, MARKED));
    navigator.locks.request(name, () => (marked(null), held()));
  });
}

/** @param {string} name @returns {Promise<boolean>} */
async function isMarked(name) {
  const { held } = (await navigator.locks?.query()) ?? {};
  return held?.some((lock) => lock.name === name) ?? false;
}

/** @param {string} key @returns {Session | null} */
function read(key) {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "null");
  } catch {
    return null;
  }
}

/** @param {string} key @param {Session | null} session */
function write(key, session) {
  if (session) localStorage.setItem(key, JSON.stringify(session));
  else localStorage.removeItem(key);
}

/** The code of a refusal (RFC 9457). @param {Response | null} answer @returns {Promise<string | null>} */
async function codeOf(answer) {
  if (!answer?.headers.get("Content-Type")?.startsWith("application/problem+json")) return null;
  const problem = await answer.clone().json().catch(() => ({}));
  return problem.code ?? null;
}
